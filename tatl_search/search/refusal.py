"""A trial whose settings do not go together: a result like any other, with nothing to run.

A search space is checked at the ends of its ranges before it runs. Rules between settings, such
as a tournament no larger than its population, may still refuse what is drawn from between them.
"""

import json
from datetime import UTC, datetime

from tatl_search.config import versioned
from tatl_search.errors import InfeasibleReason, TatlError
from tatl_search.records import TrialRecord, TrialState
from tatl_search.search.variants import middle
from tatl_search.space import RefusedSettingsError, SearchSpace
from tatl_search.space.distributions import overlay


class RefusedTrialError(TatlError):
    """There is nothing to hand out: the trial is to be recorded and told as infeasible.

    Attributes:
        number: of the trial.
    """

    def __init__(self, number: int, refused: RefusedSettingsError, space: SearchSpace) -> None:
        super().__init__(str(refused))
        self.number = number
        self._settings = overlay(middle(space).model_dump(mode="json"), refused.settings)

    def record(self, sweep: str) -> TrialRecord:
        """Return its row; settings that were not drawn are as in the middle of the space.

        Args:
            sweep: name of the sweep.
        """
        return TrialRecord(
            sweep=sweep,
            trial=self.number,
            state=TrialState.INFEASIBLE,
            stop_reason=None,
            infeasible_reason=InfeasibleReason.FAILED.value,
            detail=str(self),
            rounds=0,
            attempts=1,
            settings=json.dumps(versioned(self._settings)),
            seconds=0.0,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
