"""The protocol of a recorder, and the wrapper that keeps a recorder's failure from a trial."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from tatl_search.records import CandidateRecord, TrialRecord

logger = logging.getLogger(__name__)


class Tracker(Protocol):
    """Records what a trial produces."""

    def candidate(self, record: CandidateRecord) -> None:
        """Record one evaluated network."""

    def trial(self, record: TrialRecord) -> None:
        """Record how the trial ended."""

    def close(self) -> None:
        """Let go of what the recorder holds; nothing is recorded afterwards."""


class Runs(Protocol):
    """What a recorder makes of one sweep: a run for each trial and each confirmation."""

    def run(self, name: str, settings: Mapping[str, Any]) -> Tracker:
        """Return the tracker of one run; a run that was begun before goes on.

        It is used by one thread of its own. What it raises switches that run off and costs
        nothing else.

        Args:
            name: of the run within the sweep: `trial-00003`, `confirmation-00003-seed-1`.
            settings: of the trial, resolved.
        """


def attempt(what: str, call: Callable[[], None]) -> bool:
    """Make a call whose failure costs nothing but a copy of the records.

    Args:
        what: for people: who failed.
        call: what to do.

    Returns:
        Whether it succeeded; a failure is logged as a warning.
    """
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever a recorder raises, the work goes on
        logger.warning(
            "%s failed and is switched off here (%s: %s). Nothing is lost: the Parquet rows"
            " hold everything.",
            what,
            type(error).__name__,
            error,
        )
        return False
    return True


class FailSoft:
    """A tracker that is switched off at its first failure, and waits for nobody.

    Its calls are made in order by a thread of its own: one slow server does not keep the runs of
    other trials waiting. The process ends when all calls are made.
    """

    def __init__(self, tracker: Tracker, name: str) -> None:
        """Wrap a tracker.

        Args:
            tracker: the one that may fail.
            name: for people, in the warning.
        """
        self._tracker = tracker
        self._name = name
        self._on = True
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def candidate(self, record: CandidateRecord) -> None:
        """Record one evaluated network, if the tracker still works."""
        self._thread.submit(self._call, lambda: self._tracker.candidate(record))

    def trial(self, record: TrialRecord) -> None:
        """Record how the trial ended, if the tracker still works."""
        self._thread.submit(self._call, lambda: self._tracker.trial(record))

    def close(self) -> None:
        """Close the tracker, also after a failure: it may still hold a process or a file."""
        self._thread.submit(attempt, self._name, self._tracker.close)
        self._thread.shutdown(wait=False)

    def _call(self, call: Callable[[], None]) -> None:
        if self._on:
            self._on = attempt(self._name, call)
