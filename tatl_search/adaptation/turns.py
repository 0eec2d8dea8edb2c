"""One at a time works on something, for as long as it shows that it lives.

The lock is the operating system's and dies with its holder. A holder that neither ends nor goes
on keeps it: a process that was frozen, or whose machine lost the shared disk. Nobody waits for
that one for ever.
"""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from tatl_search.meanwhile import meanwhile

T = TypeVar("T")

BEAT_S = 5.0
"""Time between two signs of life of a holder: it touches the lock's file."""

PATIENCE_S = 120.0
"""Silence after which a holder is waited for no longer.

Network file systems show a touched file up to a minute late.
"""


@contextmanager
def alone_with(path: Path, alive: Callable[[], None]) -> Iterator[None]:
    """Wait until nobody else works on something, and keep it so.

    Who goes on since the holder was silent for too long has no lock: two may work on the same
    then, and whatever both make must be put in its place in one piece.

    Args:
        path: the lock's file.
        alive: called again and again while another is waited for.
    """
    lock, silence = FileLock(path), _Silence(path)

    def give_up() -> bool:
        alive()
        return silence.lasts()

    try:
        lock.acquire(cancel_check=give_up)
    except Timeout:
        held = False
    else:
        held = True
    try:
        with meanwhile(partial(_touch, path), BEAT_S):
            yield
    finally:
        if held:
            lock.release()


def moved(folder: Path, final: Path, whole: Callable[[], T | None]) -> T | None:
    """Move a finished folder to its place, unless another's stands there whole.

    Args:
        folder: what was made.
        final: where it belongs; what is there and not whole is replaced.
        whole: returns what stands there; null for nothing whole.

    Returns:
        What stands there, if another came first; null if the folder was moved.
    """
    try:
        folder.rename(final)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if first := whole():
            return first
        shutil.rmtree(final, ignore_errors=True)
        folder.rename(final)
    return None


class _Silence:
    """Whether a file has not been touched for long, by this process's own clock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._touched: float | None = None
        self._heard_at = time.monotonic()

    def lasts(self) -> bool:
        touched = None
        with suppress(OSError):
            touched = self._path.stat().st_mtime
        if touched != self._touched:
            self._touched, self._heard_at = touched, time.monotonic()
        return time.monotonic() - self._heard_at > PATIENCE_S


def _touch(path: Path) -> None:
    with suppress(OSError):
        os.utime(path)
