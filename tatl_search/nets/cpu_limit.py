"""An end to computing that may not come back by itself."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN_S = 0.5
"""Time after which who goes on all the same is interrupted again."""

_CLOCK, _SIGNAL = signal.ITIMER_VIRTUAL, signal.SIGVTALRM


class TooLongError(BaseException):
    """The limit was reached. Not an `Exception`, so that foreign code does not catch it."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Interrupt what runs within once this process has computed for so long.

    It is interrupted between two steps of Python, and again if it goes on: torch makes another
    error of what is raised in Python code that its own C++ code calls. Only the main thread can
    be; in others, and where somebody else uses the timer, there is no limit.

    Raises:
        TooLongError: the limit was reached.
    """
    free = signal.getsignal(_SIGNAL) is signal.SIG_DFL
    if threading.current_thread() is not threading.main_thread() or not free:
        yield
        return
    signal.signal(_SIGNAL, _interrupt)
    signal.setitimer(_CLOCK, seconds, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(_CLOCK, 0)
        signal.signal(_SIGNAL, signal.SIG_DFL)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise TooLongError
