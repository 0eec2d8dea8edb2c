"""A storage that is away is waited for: a sweep pauses rather than loses."""

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tatl_search.errors import StorageError
from tatl_search.files import REFUSALS, RESUMABLE

T = TypeVar("T")

LIMIT_S = 6 * 3600.0
"""How long a storage may be away before the work ends, to be resumed."""

FIRST_S = 0.5
LONGEST_S = 30.0
"""Time between two attempts: doubled each time, and shortened at random by up to a half."""

SIGN_S = 1.0
"""Time between two signs of life while the storage is waited for."""

SAID_AFTER = 3
"""Attempts that may fail before people hear of it: a cut connection is nothing to tell."""

logger = logging.getLogger(__name__)


class Patience:
    """Tries again until the storage answers, giving signs of life, and says once that it waits."""

    def __init__(
        self,
        uri: str,
        notice: Path,
        alive: Callable[[], None] = lambda: None,
        limit_s: float = LIMIT_S,
    ) -> None:
        """Prepare to wait.

        Args:
            uri: of the storage, for people.
            notice: the file that says that it is waited for, while it is.
            alive: called again and again while it is waited for.
            limit_s: how long it may be away.
        """
        self._uri = uri
        self._notice = notice
        self._alive = alive
        self._limit_s = limit_s
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Wait no longer, in whatever thread: somebody wants to end."""
        self._given_up.set()

    def insist(self, action: Callable[[], T]) -> T:
        """Return what the action returns, once it succeeds.

        Raises:
            StorageError: the storage was away for too long.
            OSError: this machine's own disk refuses a write.
        """
        began, failures = time.monotonic(), 0
        while True:
            try:
                found = action()
            except OSError as error:
                if error.errno in REFUSALS:
                    raise
                failures += 1
                self._hear(error, failures, time.monotonic() - began)
                self._rest(min(FIRST_S * 2.0 ** (failures - 1), LONGEST_S))
            else:
                if failures >= SAID_AFTER:
                    self._said_no_longer()
                return found

    def _hear(self, error: OSError, failures: int, waited_s: float) -> None:
        if waited_s >= self._limit_s or self._given_up.is_set():
            raise StorageError(
                f"{self._uri} does not answer ({error}), for {waited_s:,.0f} s now. {RESUMABLE}"
            ) from error
        if failures == SAID_AFTER:
            self._say(error)

    def _say(self, error: OSError) -> None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        what = f"waiting for {self._uri} since {since}: {error}"
        logger.warning("%s", what)
        with suppress(OSError):
            self._notice.write_text(what, encoding="utf-8")

    def _said_no_longer(self) -> None:
        logger.warning("%s answers again", self._uri)
        with suppress(OSError):
            self._notice.unlink()

    def _rest(self, at_most_s: float) -> None:
        # Spread, so that a hundred workers do not all come back at the same moment.
        ends_at = time.monotonic() + random.uniform(at_most_s / 2.0, at_most_s)  # noqa: S311
        while (left_s := ends_at - time.monotonic()) > 0 and not self._given_up.is_set():
            self._alive()
            self._given_up.wait(min(left_s, SIGN_S))
