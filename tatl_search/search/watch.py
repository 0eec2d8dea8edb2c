"""A piece of work that takes too long or gets nowhere ends with its worker: nothing else ends it.

The watch is a thread outside Python, so that it also ends code that never lets go of the
interpreter. Where the process stood is written to its standard error, which Ray keeps in its logs.
"""

import faulthandler
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STANDARD_ERROR = 2

FOREVER = 1e9
"""Seconds that no machine runs: such limits are none, since the watch takes no times as long."""

SETTING_ANEW = 0.01
"""Share of the patience after which a sign of life sets the watch anew: each starts a thread."""


@contextmanager
def watched(
    limit_minutes: float | None, stalled_minutes: float | None
) -> Iterator[Callable[[], None]]:
    """End this process if what is done within takes too long, or gives no sign of life.

    One at a time in a process.

    Args:
        limit_minutes: wall-clock it may take; null for no limit.
        stalled_minutes: wall-clock that may pass without a sign of life; null for no limit.

    Yields:
        What is called as a sign of life, as often as one likes.
    """
    watch = _Watch(_seconds(limit_minutes), _seconds(stalled_minutes))
    try:
        yield watch.alive
    finally:
        faulthandler.cancel_dump_traceback_later()


class _Watch:
    def __init__(self, limit_s: float, patience_s: float) -> None:
        self._patience_s = patience_s
        self._ends_at = time.monotonic() + limit_s
        self._set_at = -math.inf
        self.alive()

    def alive(self) -> None:
        now = time.monotonic()
        if now - self._set_at < SETTING_ANEW * self._patience_s:
            return
        self._set_at = now
        left_s = min(self._ends_at - now, self._patience_s)
        if left_s < FOREVER:
            # It takes no times of 0: who is late ends at once.
            faulthandler.dump_traceback_later(max(left_s, 1e-3), exit=True, file=STANDARD_ERROR)


def _seconds(minutes: float | None) -> float:
    return math.inf if minutes is None else 60.0 * minutes
