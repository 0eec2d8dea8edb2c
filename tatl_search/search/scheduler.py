"""Ray Tune's scheduler: stops trials that a rule finds hopeless.

Ray's own schedulers compare one metric. See `core.early_stopping` for the rules.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler

from tatl_search.config import Objective
from tatl_search.config.schedulers import BELOW_FRONT
from tatl_search.core.early_stopping import StoppingRule
from tatl_search.records import CandidateRecord, StopReason, TrialRecord
from tatl_search.search.work import Event


class StoppingScheduler(FIFOScheduler):
    """Runs trials in the order they come, and stops the hopeless."""

    def __init__(
        self,
        objectives: Sequence[Objective],
        rule: StoppingRule,
        reason: StopReason,
        ended: Container[int],
        is_promoted: Callable[[int], bool],
    ) -> None:
        """Start with what earlier drivers decided.

        Args:
            objectives: of the sweep.
            rule: says which trials are hopeless.
            reason: what is recorded of trials that it stops.
            ended: trials that ended, and may run again where their rows were damaged.
            is_promoted: whether a trial goes on where another one ended. Its rounds are that
                one's, stored: there is nothing to save or to learn until they are through.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self._costs = [o.value for o in objectives if not o.higher_is_better]
        self.reason = reason
        self._rule = rule
        self._ended = ended
        self._is_promoted = is_promoted
        self._stopped_now: set[str] = set()

    def recall(self, candidates: Iterable[CandidateRecord], trials: Iterable[TrialRecord]) -> None:
        """Hear of what is stored, in the order it was found; trials that run are left out.

        They are heard again, from their first round.
        """
        ended = {trial.trial for trial in trials}
        found = [row for row in candidates if row.trial in ended]
        for row in sorted(found, key=lambda row: (row.created_at, row.trial or 0, row.round)):
            self._hear(vars(row))

    def reason_of(self, ray_id: str) -> StopReason | None:
        """Return why the trial that Ray knows by this id was stopped; null if it was not."""
        return self.reason if ray_id in self._stopped_now else None

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Decide whether a trial goes on after a round."""
        number = result.get("trial")  # baselines and roots have none
        if number is None or result.get("event") != Event.CANDIDATE or not self._stops(result):
            return str(FIFOScheduler.CONTINUE)
        self._stopped_now.add(trial.trial_id)
        return str(FIFOScheduler.STOP)

    def _stops(self, report: Mapping[str, Any]) -> bool:
        number = report["trial"]
        if number in self._ended:
            return False
        self._hear(report)
        if report["stop_reason"] is not None or self._is_promoted(number):
            return False  # it prunes no more, or only what is stored
        return self._rule.is_hopeless(number, report["max_rounds"] - report["round"])

    def _hear(self, report: Mapping[str, Any]) -> None:
        # A network trained longer at the end says nothing of those that are still pruned.
        if not report["finished"] and not self._is_promoted(report["trial"]):
            costs = [float(report[cost]) for cost in self._costs]
            self._rule.hear(report["trial"], report["round"], report["accuracy"], costs)

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray pickles its scheduler into state that is never restored


def reason_for(scheduler: str) -> StopReason:
    """Return what is recorded of trials that the scheduler of this name stops."""
    return StopReason.BELOW_FRONT if scheduler == BELOW_FRONT else StopReason.SCHEDULER
