"""Ray Tune's scheduler: stops trials that a rule finds hopeless.

Ray's own schedulers compare one metric. See `core.early_stopping` for the rules.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler

from tatl_search.config.schedulers import BELOW_FRONT
from tatl_search.core.early_stopping import StoppingRule
from tatl_search.core.goals import Goals
from tatl_search.records import CandidateRecord, StopReason, TrialRecord
from tatl_search.search.report import CandidateReport, from_dict


class StoppingScheduler(FIFOScheduler):
    """Runs trials in the order they come, and stops the hopeless."""

    def __init__(
        self,
        goals: Goals,
        rule: StoppingRule,
        reason: StopReason,
        ended: Container[int],
        is_promoted: Callable[[int], bool],
    ) -> None:
        """Start with what earlier drivers decided.

        Args:
            goals: of the sweep.
            rule: says which trials are hopeless.
            reason: what is recorded of trials that it stops.
            ended: trials that ended, and may run again where their rows were damaged.
            is_promoted: whether a trial goes on where another one ended. Its rounds are that
                one's, stored: there is nothing to save or to learn until they are through.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self._goals = goals
        self.reason = reason
        self._rule = rule
        self._ended = ended
        self._is_promoted = is_promoted
        self._stopped_now: set[str] = set()
        self._others: dict[str, int] = {}

    def recall(self, candidates: Sequence[CandidateRecord], trials: Iterable[TrialRecord]) -> None:
        """Hear of what is stored, in the order it was found; trials that run are left out.

        They are heard again, from their first round.
        """
        ended = {trial.trial for trial in trials}
        found = [
            (row.created_at, row.trial, row.round, row)
            for row in candidates
            if row.trial is not None and row.trial in ended
        ]
        for row in candidates:
            if row.trial is None:
                self._hear(row, self._number_of(row))
        for _, number, _, row in sorted(found, key=lambda entry: entry[:3]):
            self._hear(row, number)

    def _number_of(self, found: CandidateReport | CandidateRecord) -> int:
        """Return what the rule knows a network by that no trial produced: a number below 0."""
        return self._others.setdefault(found.label, -1 - len(self._others))

    def reason_of(self, ray_id: str) -> StopReason | None:
        """Return why the trial that Ray knows by this id was stopped; null if it was not."""
        return self.reason if ray_id in self._stopped_now else None

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Decide whether a trial goes on after a round."""
        report = from_dict(result)
        if not isinstance(report, CandidateReport):
            return str(FIFOScheduler.CONTINUE)
        if report.trial is None:  # a baseline is one network: there is nothing to stop
            self._hear(report, self._number_of(report))
            return str(FIFOScheduler.CONTINUE)
        if not self._stops(report, report.trial):
            return str(FIFOScheduler.CONTINUE)
        self._stopped_now.add(trial.trial_id)
        return str(FIFOScheduler.STOP)

    def _stops(self, report: CandidateReport, number: int) -> bool:
        if number in self._ended:
            return False
        self._hear(report, number)
        if report.stop_reason is not None or self._is_promoted(number):
            return False  # it prunes no more, or only what is stored
        return self._rule.is_hopeless(number, report.max_rounds - report.round)

    def _hear(self, found: CandidateReport | CandidateRecord, number: int) -> None:
        # A network trained longer at the end says nothing of those that are still pruned.
        if found.finished or self._is_promoted(number) or self._goals.lacking([found]):
            return
        costs = [cost.of(found) for cost in self._goals.costs]
        self._rule.hear(number, found.round, self._goals.quality.of(found), costs)

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray pickles its scheduler into state that is never restored


def reason_for(scheduler: str) -> StopReason:
    """Return what is recorded of trials that the scheduler of this name stops."""
    return StopReason.BELOW_FRONT if scheduler == BELOW_FRONT else StopReason.SCHEDULER
