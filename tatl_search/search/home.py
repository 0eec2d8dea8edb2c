"""Where a sweep with a URI lies on a machine: its own folder, or one that is brought down."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from tatl_search.errors import InputError, StorageError
from tatl_search.files import cache_folder
from tatl_search.manifest import FILE_NAME, SweepFolder, SweepManifest
from tatl_search.remote.mirror import Mirror
from tatl_search.remote.place import Place, check_place
from tatl_search.remote.uri import checked_uri, last_name
from tatl_search.search.folder import new_folder
from tatl_search.search.work import WorkItem


def check_free(uri: str) -> None:
    """Raise if a new sweep could not be stored behind a URI.

    Raises:
        InputError: it holds a sweep, or the storage refuses us.
        StorageError: the storage does not answer.
    """
    check_place(Place(uri), FILE_NAME)


def at_home(item: WorkItem, alive: Callable[[], None]) -> WorkItem:
    """Return a piece of work with its sweep's folder on this machine.

    On the driver's machine, and wherever else its folder is seen, that is the sweep's own. On
    others it is a folder of the user's cache that holds what was brought down or computed there.

    Raises:
        StorageError: the storage stays away for too long, or holds no such sweep.
    """
    if item.uri is None or _is_of(item.folder, item):
        return item
    known = hashlib.sha256(f"{item.uri}\0{item.launched_at}".encode()).hexdigest()[:16]
    folder = cache_folder() / "sweeps" / known / quote(item.sweep_name, safe="")
    if not _is_of(folder, item):
        Mirror(folder, item.uri, alive).bring(folder / FILE_NAME)
        if not _is_of(folder, item):
            raise StorageError(f"{item.uri} does not hold the sweep {item.sweep_name} any more")
    return item.model_copy(update={"folder": folder})


def _is_of(folder: Path, item: WorkItem) -> bool:
    """Whether a folder is that of the sweep a piece of work belongs to."""
    try:
        manifest = SweepManifest.read(folder)
    except InputError:
        return False
    return (manifest.uri, manifest.created_at) == (item.uri, item.launched_at)


def brought_home(uri: str, parent: Path) -> Path:
    """Return a driver's folder of the sweep behind a URI, made from it if it is not here.

    Its rows come down when it is resumed, its networks when they are asked for.

    Args:
        uri: of the sweep.
        parent: where sweeps are kept here.

    Raises:
        InputError: there is no sweep behind the URI, or another one has its name here.
        StorageError: the storage does not answer, or the folder cannot be written.
    """
    uri = checked_uri(uri).rstrip("/")
    folder = parent / last_name(uri)
    if folder.exists():
        if SweepManifest.read(folder).uri != uri:
            raise InputError(f"{folder} is another sweep than {uri}; resume in another directory")
        return folder
    where = SweepFolder(folder)
    with new_folder(folder):
        mirror = Mirror(folder, uri)
        for path in (where.journal, where.latency, where.environment, where.drivers):
            mirror.bring(path)
        if not mirror.bring(where.manifest):
            raise InputError(f"{uri} is no sweep: it holds no {FILE_NAME}")
    return folder
