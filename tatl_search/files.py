"""Writing so that a file is whole or absent, and naming what the file system refuses."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tatl_search.errors import StorageError

CACHE_VARIABLE = "TATL_SEARCH_CACHE"
"""Environment variable that names the node's folder for what is fetched."""

REFUSALS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
)
"""Errors of the storage itself: the work may go on once it is mended."""


RESUMABLE = "What was finished is kept; free or mend the storage, then resume."


def cache_folder() -> Path:
    """Return this node's folder for what is fetched and can be fetched again."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path(os.path.expanduser("~/.cache/tatl_search"))


@contextmanager
def storage_errors(place: Path, advice: str = RESUMABLE) -> Iterator[None]:
    """Turn what the file system refuses into a StorageError that says what to do.

    Args:
        place: what could not be written.
        advice: what became of the work, and what to do.

    Raises:
        StorageError: the storage is full, read-only or broken.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        raise StorageError(
            f"{place} cannot be written: {os.strerror(error.errno)}. {advice}"
        ) from error


def write_durably(path: Path, content: bytes) -> None:
    """Write a file that then holds all of the content, or is what it was before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(whole: Path, path: Path) -> None:
    """Wait until the disk has a file, then give it its name."""
    with whole.open("rb") as file:
        os.fsync(file.fileno())
    whole.replace(path)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder: what was renamed there stays renamed."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
