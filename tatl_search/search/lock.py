"""A sweep is held by one driver at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from tatl_search.errors import InputError, StorageError
from tatl_search.files import storage_errors
from tatl_search.manifest import SweepFolder

PATIENCE_S = 1.0
"""Who only asks whether a sweep is driven holds it for a moment: longer than that is a driver."""


@contextmanager
def only_driver(folder: SweepFolder, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold a sweep: one driver at a time.

    Args:
        folder: the sweep's.
        patience_s: seconds to wait while somebody else holds it.

    Raises:
        InputError: another driver holds it.
        StorageError: the folder cannot be written.
    """
    lock = FileLock(folder.lock)
    try:
        with storage_errors(folder.root):
            lock.acquire(timeout=patience_s)
    except Timeout as error:
        raise InputError(
            f"another driver is running this sweep (it holds {folder.lock}); wait for it or stop it"
        ) from error
    try:
        yield
    finally:
        lock.release()


def is_driven(folder: SweepFolder) -> bool:
    """Whether a driver holds the sweep at this moment; one that cannot be written is not held."""
    if not folder.lock.exists():
        return False
    try:
        with only_driver(folder, patience_s=0.0):
            return False
    except InputError:
        return True
    except StorageError:
        return False
