"""A trial that takes too long ends with its worker: nothing else ends one that hangs."""

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_ERROR = 2


@contextmanager
def time_limit(minutes: float | None) -> Iterator[None]:
    """End this process if what is done within takes longer.

    The watch is a thread outside Python, so that it also ends code that never lets go of the
    interpreter. Where the process stood is written to its standard error.

    Args:
        minutes: null for no limit.
    """
    if minutes is None:
        yield
        return
    faulthandler.dump_traceback_later(60.0 * minutes, exit=True, file=STANDARD_ERROR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
