"""A packed file where its maker wants it: on a disk, or behind a URI for other machines."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tatl_search.data.fetching import BUFFER, locate
from tatl_search.data.packed import SUFFIX, Head, open_pack
from tatl_search.data.packing import Origin, pack_into
from tatl_search.errors import InputError, StorageError
from tatl_search.files import why_not_makeable
from tatl_search.paths import user_path
from tatl_search.remote.uri import is_uri


def publish(origin: Origin, place: str) -> tuple[Head, int]:
    """Pack a source into a new file.

    Args:
        origin: what to pack.
        place: a path or a URI that ends in `.arrow`.

    Returns:
        What the file says of itself, and the number of images in it.

    Raises:
        InputError: the place is taken or of another ending, or the images make no target task.
        StorageError: it cannot be written; nothing of it is left.
    """
    if not place.endswith(SUFFIX):
        raise InputError(f"{place}: a packed file's name ends in {SUFFIX}")
    if is_uri(place):
        return _publish_elsewhere(origin, place)
    return _publish_here(origin, user_path(place, "--to"), place)


def _publish_here(origin: Origin, path: Path, place: str) -> tuple[Head, int]:
    """Pack into a folder of its own beside the file, since any other name may be somebody's."""
    if os.path.lexists(path):
        raise _taken(place)
    if why := why_not_makeable(path):
        raise InputError(f"{place} cannot be made: {why}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".pack-", dir=path.parent) as folder:
            whole = Path(folder) / f"pack{SUFFIX}"
            pack_into(whole, origin)
            _move_to_free_name(whole, path, place)
    except OSError as error:
        raise StorageError(f"cannot write in {path.parent}: {error}") from error
    return _said(path)


def _move_to_free_name(whole: Path, path: Path, place: str) -> None:
    """Give a file its name, unless somebody else took that meanwhile."""
    try:
        os.link(whole, path)
    except FileExistsError as error:
        raise _taken(place) from error
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise _taken(place) from None
        whole.rename(path)


def _publish_elsewhere(origin: Origin, uri: str) -> tuple[Head, int]:
    remote, inside, info = locate(uri)
    if info.type.name != "NotFound":
        raise _taken(uri)
    with TemporaryDirectory() as folder:
        local = Path(folder) / f"pack{SUFFIX}"
        pack_into(local, origin)
        try:
            # Where there are folders, they are made; a store of objects has none.
            with suppress(OSError):
                remote.create_dir(os.path.dirname(inside))
            with local.open("rb") as source, remote.open_output_stream(inside) as target:
                shutil.copyfileobj(source, target, BUFFER)
        except OSError as error:
            with suppress(OSError):
                remote.delete_file(inside)
            raise StorageError(f"{uri} cannot be written: {error}") from error
        return _said(local)


def _taken(place: str) -> InputError:
    return InputError(f"{place} exists already; choose another name, or delete it first")


def _said(path: Path) -> tuple[Head, int]:
    pack = open_pack(path)
    return pack.head, len(pack)
