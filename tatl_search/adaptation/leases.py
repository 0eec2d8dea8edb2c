"""Stages in use: held by the operating system's locks, which die with their holder."""

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Leases:
    """The stages that one user of a store has asked for; held until it is let go of."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._held: dict[str, int] = {}
        weakref.finalize(self, _close, self._held)

    def hold(self, key: str) -> None:
        """Keep a stage from being evicted, and note that it was used just now.

        Raises:
            OSError: the store cannot be written.
        """
        if key not in self._held:
            handle = os.open(lease_file(self._root, key), os.O_RDWR | os.O_CREAT, 0o666)
            self._held[key] = handle
            fcntl.flock(handle, fcntl.LOCK_SH)
        os.utime(self._held[key])


@contextmanager
def unless_in_use(root: Path, key: str) -> Iterator[bool]:
    """Say whether nobody uses a stage, and while nobody does let nobody begin."""
    handle = os.open(lease_file(root, key), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield _locked_at_once(handle)
    finally:
        os.close(handle)


def lease_file(root: Path, key: str) -> Path:
    """Return the file by which a stage is held; when it was last used is when it was changed."""
    return root / f"{key}.use"


def _locked_at_once(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _close(held: dict[str, int]) -> None:
    for handle in held.values():
        os.close(handle)
