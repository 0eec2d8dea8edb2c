"""Files that one process makes and all others wait for."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from tatl_search.errors import StorageError


@contextmanager
def sole_maker(path: Path) -> Iterator[None]:
    """Hold the right to make a file; its folder is made where it is missing.

    The lock is the operating system's and dies with its holder.

    Raises:
        StorageError: the folder cannot be written.
    """
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise StorageError(f"cannot write in {path.parent}: {error}") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def unfinished(path: Path, ending: str) -> Iterator[Path]:
    """Give the name of a file beside another; what is left of it at the end is removed.

    What a killed process left under that name is overwritten.
    """
    beside = path.with_name(path.name + ending)
    try:
        yield beside
    finally:
        with suppress(OSError):
            beside.unlink()
