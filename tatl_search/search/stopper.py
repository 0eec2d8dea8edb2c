"""Ray Tune's stopper: ends trials at a used-up budget, and a run that is pointless."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ray import tune

from tatl_search.records import StopReason
from tatl_search.search.admission import Admission
from tatl_search.search.report import CandidateReport, from_dict

LOOK_EVERY_S = 1.0
"""Time between two looks at whether going on is pointless: Ray asks after every report."""


class SweepStopper(tune.Stopper):
    """Ends trials that run when a budget is used up, with the network they report next.

    A trial that was stopped before may run again where its rows were damaged. It then ends where
    it did.
    """

    def __init__(
        self,
        admission: Admission,
        stopped: Mapping[int, tuple[int, StopReason]],
        by_scheduler: Callable[[str], StopReason | None],
        pointless: Callable[[], bool],
    ) -> None:
        """Prepare to hear of reports, before anybody else does.

        Args:
            admission: says which trials end.
            stopped: number of each trial that was stopped -> after which round, and why.
            by_scheduler: why the scheduler stopped a trial, by Ray's name of it.
            pointless: whether the whole run is to end.
        """
        self._admission = admission
        self._stopped = dict(stopped)
        self._by_scheduler = by_scheduler
        self._pointless = pointless
        self._now: dict[str, StopReason] = {}
        self._next_look = 0.0

    def reason_of(self, ray_id: str) -> StopReason | None:
        """Return why the trial that Ray knows by this id was stopped; null if it was not."""
        return self._now.get(ray_id) or self._by_scheduler(ray_id)

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Decide whether a trial ends with a report."""
        report = from_dict(result)
        if not isinstance(report, CandidateReport):
            return False
        self._admission.account.hear(report)
        if report.trial is not None and report.trial in self._stopped:
            after, reason = self._stopped[report.trial]
            if report.round == after:
                self._now[trial_id] = reason
        elif self._admission.ends(report):
            self._now[trial_id] = StopReason.BUDGET
        return trial_id in self._now

    def stop_all(self) -> bool:
        """Decide whether the run ends."""
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + LOOK_EVERY_S
        return self._pointless()

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray pickles it into state that is never restored
