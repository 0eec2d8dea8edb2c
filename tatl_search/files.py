"""Writing so that a file is whole or absent, and naming what the file system refuses."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tatl_search.errors import StorageError

REFUSALS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
)
"""Errors of the storage itself: the work may go on once it is mended."""


RESUMABLE = "What was finished is kept; free or mend the storage, then resume."


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


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
