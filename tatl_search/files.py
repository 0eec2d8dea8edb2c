"""Writing so that a file is whole or absent, and naming what the file system refuses."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tatl_search.errors import InputError, StorageError
from tatl_search.paths import user_path

CACHE_VARIABLE = "TATL_SEARCH_CACHE"
"""Environment variable that names the node's folder for what is fetched."""

REFUSALS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
)
"""Errors of the storage itself: the work may go on once it is mended."""


RESUMABLE = "What was finished is kept; free or mend the storage, then resume."


def cache_folder() -> Path:
    """Return this node's folder for what is fetched and can be fetched again."""
    return user_path(os.environ.get(CACHE_VARIABLE) or "~/.cache/tatl_search", CACHE_VARIABLE)


def why_not_makeable(place: Path) -> str | None:
    """Return why a folder or file cannot be made; null where it can, as it seems, or is there.

    Nothing is written, so that a disk that is full is not seen.
    """
    whole = place.absolute()
    try:
        str(whole).encode()
        there = next(path for path in (whole, *whole.parents) if os.path.lexists(path))
        if there == whole:
            return None
        if not stat.S_ISDIR(there.stat().st_mode):
            return f"{os.strerror(errno.ENOTDIR)} ({there} is a file)"
        missing = whole.relative_to(there).parts
        if max(len(os.fsencode(part)) for part in missing) > os.pathconf(there, "PC_NAME_MAX"):
            return os.strerror(errno.ENAMETOOLONG)
    except UnicodeEncodeError:
        return "a part of its path is not UTF-8"
    except OSError as error:  # a link that leads nowhere
        return error.strerror
    if os.statvfs(there).f_flag & os.ST_RDONLY:
        return os.strerror(errno.EROFS)
    return None if os.access(there, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)


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
    temporary = path.with_name(f".{uuid4().hex}.part")  # a name that is nobody else's
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Raise InputError where a file of this name cannot be written, before long work for it."""
    above = path.absolute().parent
    if path.is_dir():
        raise InputError(f"{path} cannot be written: it is a folder")
    if not above.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {above}")
    if not os.access(above, os.W_OK):
        raise InputError(f"{path} cannot be written: {above} may not be written to")


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
