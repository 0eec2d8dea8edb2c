"""Something done again and again beside the work of a process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def meanwhile(do: Callable[[], object], every_s: float) -> Iterator[None]:
    """Call something from a thread of its own as long as the work within runs.

    Args:
        do: must not raise.
        every_s: seconds between two calls, and before the first.
    """
    done = threading.Event()

    def run() -> None:
        while not done.wait(every_s):
            do()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
