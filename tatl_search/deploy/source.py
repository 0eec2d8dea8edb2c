"""A folder to copy from, by path or URI, through pyarrow's file systems."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyarrow import fs

from tatl_search.errors import InputError, StorageError
from tatl_search.paths import user_path
from tatl_search.redact import without_credentials
from tatl_search.remote.uri import is_uri

BUFFER = 1 << 20


@dataclass(frozen=True)
class File:
    """A file in a source.

    Attributes:
        name: relative to the source, parts joined by `/`.
        size_bytes: its size.
        changed_ns: when it last changed, nanoseconds since 1970.
    """

    name: str
    size_bytes: int
    changed_ns: int


@dataclass(frozen=True)
class Source:
    """A folder that is read, wherever it lies.

    Attributes:
        system: carries it.
        root: its path there.
        shown: what the user calls it, without credentials.
    """

    system: Any
    root: str
    shown: str

    def __str__(self) -> str:
        """Return what a person may read."""
        return self.shown

    @classmethod
    def at(cls, text: str) -> "Source":
        """Return the folder that a path or URI names.

        Raises:
            InputError: no file system is known for it, or nothing is there.
            StorageError: the storage does not answer.
        """
        shown = without_credentials(text)
        if not is_uri(text):
            source = cls(fs.LocalFileSystem(), str(user_path(text, "SOURCE").resolve()), shown)
        else:
            try:
                system, root = fs.FileSystem.from_uri(text)
            except (ValueError, OSError) as error:  # pyarrow's own errors are both
                raise InputError(f"{shown}: {without_credentials(str(error))}") from error
            source = cls(system, root.rstrip("/"), shown)
        with source.errors():
            if source.system.get_file_info(source.root).type != fs.FileType.Directory:
                raise InputError(f"{shown} is no folder")
        return source

    @property
    def name(self) -> str:
        """Its last part."""
        return self.root.rpartition("/")[2]

    def entries(self, folder: str = "") -> tuple[list[File], list[str]]:
        """Return the files and the folders that lie directly in a folder of it, by name."""
        return self._listed(folder, recursive=False)

    def files(self, folder: str) -> list[File]:
        """Return all files below a folder of it; none where there is no such folder."""
        return self._listed(folder, recursive=True)[0]

    def _listed(self, folder: str, recursive: bool) -> tuple[list[File], list[str]]:
        place = f"{self.root}/{folder}".rstrip("/")
        with self.errors():
            selector = fs.FileSelector(place, allow_not_found=True, recursive=recursive)
            found = sorted(self.system.get_file_info(selector), key=lambda info: info.path)
        files = [
            File(self._relative(info.path), info.size, info.mtime_ns or 0)
            for info in found
            if info.type == fs.FileType.File
        ]
        return files, [self._relative(i.path) for i in found if i.type == fs.FileType.Directory]

    def read(self, name: str) -> bytes | None:
        """Return a file's content; null where there is none."""
        place = f"{self.root}/{name}"
        with self.errors():
            if self.system.get_file_info(place).type != fs.FileType.File:
                return None
            with self.system.open_input_stream(place, compression=None) as stream:
                content: bytes = stream.read()
        return content

    def copy(self, file: File, goal: Path) -> bool:
        """Copy a file that then is whole, with its time; one that is here already is left.

        Returns:
            Whether it was copied.

        Raises:
            FileNotFoundError: it has gone since it was listed.
            StorageError: the storage does not answer.
            OSError: it cannot be written here.
        """
        if _is_here(file, goal):
            return False
        goal.parent.mkdir(parents=True, exist_ok=True)
        temporary = goal.with_name(f".{goal.name}.{uuid4().hex}")
        try:
            with self._opened(file.name) as stream, temporary.open("wb") as output:
                shutil.copyfileobj(stream, output, BUFFER)
            os.utime(temporary, ns=(file.changed_ns, file.changed_ns))
            temporary.replace(goal)
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def _opened(self, name: str) -> Any:
        with self.errors():
            return self.system.open_input_stream(f"{self.root}/{name}", compression=None)

    def _relative(self, path: str) -> str:
        return path.removeprefix(self.root).lstrip("/")

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the storage refuses into a StorageError without credentials."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            why = without_credentials(str(error))
            raise StorageError(f"{self.shown} cannot be read: {why}. Try again later.") from error


def _is_here(file: File, goal: Path) -> bool:
    try:
        here = goal.stat()
    except FileNotFoundError:
        return False
    return here.st_size == file.size_bytes and abs(here.st_mtime_ns - file.changed_ns) < 1000
