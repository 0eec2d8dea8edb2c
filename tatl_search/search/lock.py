"""A sweep is held by one driver at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from tatl_search.errors import InputError
from tatl_search.files import storage_errors
from tatl_search.manifest import SweepFolder


@contextmanager
def only_driver(folder: SweepFolder) -> Iterator[None]:
    """Hold a sweep: one driver at a time.

    Raises:
        InputError: another driver holds it.
        StorageError: the folder cannot be written.
    """
    lock = FileLock(folder.lock)
    try:
        with storage_errors(folder.root):
            lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            f"another driver is running this sweep (it holds {folder.lock}); wait for it or stop it"
        ) from error
    with lock:
        yield


def is_driven(folder: SweepFolder) -> bool:
    """Whether a driver holds the sweep at this moment."""
    try:
        with only_driver(folder):
            return False
    except InputError:
        return True
