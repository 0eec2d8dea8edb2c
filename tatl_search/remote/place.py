"""A place behind a URI: files put there in one piece, brought back whole, listed and removed."""

import functools
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from uuid import uuid4

from tatl_search.errors import InputError, StorageError
from tatl_search.remote.patience import Patience

BUFFER = 1 << 20
PROBE = "probe.txt"

LOOKED_AT_FOR_S = 60.0
"""How long a storage may take to answer when a sweep begins."""

_PERMANENT = re.compile(
    r"ACCESS_DENIED|NO_SUCH_BUCKET|INVALID_ACCESS_KEY_ID|SIGNATURE|INVALID_CLIENT_TOKEN|EXPIRED"
    r"|NO_SUCH_UPLOAD|INVALID_PARAMETER|HTTP status 40[0134]\b|Bucket '.*' not found"
    r"|PERMISSION_DENIED|UNAUTHENTICATED",
    re.IGNORECASE,
)


class Place:
    """What lies under a URI, by names relative to it; pyarrow's file systems carry it.

    Each method raises OSError where the storage does not answer or refuses, and InputError where
    no file system is known for the URI or it is malformed.

    Attributes:
        uri: names the place.
    """

    def __init__(self, uri: str) -> None:
        """Name a place; nothing is asked of it yet."""
        self.uri = uri

    @property
    def _files(self) -> Any:
        return _file_system(self.uri)[0]

    @property
    def _base(self) -> str:
        return _file_system(self.uri)[1]

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; null where there is none."""
        found = self._files.get_file_info(self._path(name))
        return int(found.size) if found.is_file else None

    def put(self, name: str, source: Path) -> None:
        """Store a file: others see all of it or what was there before."""
        path = self._path(name)
        if self._files.type_name != "local":
            self._copy_up(source, path)
            return
        self._files.create_dir(os.path.dirname(path))
        part = f"{path}.{uuid4().hex}.part"
        self._copy_up(source, part)
        self._files.move(part, path)

    def _copy_up(self, source: Path, path: str) -> None:
        with source.open("rb") as file, self._files.open_output_stream(path) as target:
            shutil.copyfileobj(file, target, BUFFER)

    def get(self, name: str, target: BinaryIO) -> None:
        """Write a file's content into an open one.

        Raises:
            FileNotFoundError: there is none.
        """
        with self._files.open_input_file(self._path(name)) as source:
            size = source.size()
            shutil.copyfileobj(source, target, BUFFER)
            if target.tell() != size:
                raise OSError(f"{self.uri}/{name} broke off after {target.tell()} of {size} bytes")

    def names(self, folder: str) -> Mapping[str, int]:
        """Return name -> bytes of all files under a folder; an absent one holds none."""
        from pyarrow import fs

        selector = fs.FileSelector(self._path(folder), allow_not_found=True, recursive=True)
        cut = len(self._base) + 1
        found = self._files.get_file_info(selector)
        return {info.path[cut:]: int(info.size) for info in found if info.is_file}

    def remove(self, name: str) -> None:
        """Remove a file; an absent one is removed already."""
        if self.size(name) is not None:
            self._files.delete_file(self._path(name))

    def _path(self, name: str) -> str:
        return self._base if name in ("", ".") else f"{self._base}/{name}"


def check_place(place: Place, taken_by: str) -> None:
    """Raise if a new sweep could not be stored at a place; whose fault it is decides the error.

    Args:
        place: where the sweep is to be; a file is stored there and removed again, to see.
        taken_by: name of the file that says that there is one already.

    Raises:
        InputError: something is there, or the storage refuses us: no such bucket, no permission.
        StorageError: it does not answer.
    """

    def look() -> None:
        try:
            if place.size(taken_by) is not None:
                raise InputError(
                    f"{place.uri} holds a sweep already. Resume it (tatl-search resume"
                    f" '{place.uri}') or choose another name."
                )
            place.put(PROBE, probe)
            place.remove(PROBE)
        except OSError as error:
            if isinstance(error, FileNotFoundError | PermissionError) or _is_permanent(error):
                raise InputError(f"{place.uri} cannot be used: {error}") from error
            raise

    try:
        with TemporaryDirectory() as folder:
            probe = Path(folder) / PROBE
            probe.write_bytes(b"tatl-search may write here\n")
            Patience(place.uri, Path(folder) / "paused", limit_s=LOOKED_AT_FOR_S).insist(look)
    except StorageError as error:
        raise StorageError(f"{place.uri} does not answer: {error.__cause__}") from error


def _is_permanent(error: OSError) -> bool:
    """Whether asking again is no use: somebody must change a name, a key or a permission."""
    return _PERMANENT.search(str(error)) is not None


@functools.cache
def _file_system(uri: str) -> tuple[Any, str]:
    """Return the file system of a URI and the path in it, without a slash at its end."""
    # Imported here: cloud libraries come along, and a sweep in a folder needs none.
    from pyarrow import fs

    try:
        files, path = fs.FileSystem.from_uri(_in_one_put(uri))
    except (ValueError, NotImplementedError) as error:  # pyarrow's own are of these
        raise InputError(f"{uri} cannot be used: {error}") from error
    return files, path.rstrip("/")


def _in_one_put(uri: str) -> str:
    """Return a URI under which pyarrow stores a small file by one request instead of three."""
    option = "allow_delayed_open"
    if not uri.startswith("s3://") or option in uri:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{option}=true"
