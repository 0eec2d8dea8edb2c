"""What images that no search saw say of a front that validation images chose.

The best of many networks on one set of validation images is partly lucky. So the front is chosen
by validation, and at each cost the test figure of the network that was chosen counts; how far the
two areas differ is the bias of selection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tatl_search.core.accuracy import Accuracy
from tatl_search.core.goals import Goals
from tatl_search.records import CandidateRecord, JudgedRecord
from tatl_search.results.front import front_of, goals_of
from tatl_search.results.store import SweepResults


@dataclass(frozen=True)
class Bias:
    """An area under a front on the images that chose it, and on those that no search saw."""

    validation: float
    test: float

    @property
    def bias(self) -> float:
        """The bias of selection: validation minus test."""
        return self.validation - self.test

    def to_dict(self) -> dict[str, float]:
        """Return it as JSON values."""
        return {"validation": self.validation, "test": self.test, "bias": self.bias}


@dataclass(frozen=True)
class Judgement:
    """A sweep's front on the test images.

    Attributes:
        judged: by key of the stage, baselines and the unpruned network among them.
        networks: on the front.
        missing: of those, how many were not judged.
        log_area: null while any is missing.
        area: likewise.
    """

    judged: Mapping[str, JudgedRecord]
    networks: int
    missing: int
    log_area: Bias | None
    area: Bias | None

    def accuracy_of(self, row: CandidateRecord) -> Accuracy | None:
        """Return a network's accuracy on the test images; null where it was not judged."""
        judged = self.judged.get(row.stage)
        if judged is None:
            return None
        return Accuracy.measured(judged.accuracy, judged.test_images)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "missing": self.missing,
            "log_area": self.log_area and self.log_area.to_dict(),
            "area": self.area and self.area.to_dict(),
        }

    def __str__(self) -> str:
        if self.log_area is None or self.area is None:
            return (
                f"{self.missing} of the front's {self.networks} networks were not judged on test"
                " images; call judge again."
            )
        return (
            f"On test images, which no search saw: log area {_against(self.log_area)}, area"
            f" {_against(self.area)}; in brackets the bias of selection, validation minus test."
        )


def judgement_of(results: SweepResults, goals: Goals | None = None) -> Judgement | None:
    """Return what test images say of a sweep's front; null where nothing was judged.

    Args:
        results: the sweep.
        goals: what areas are measured by, as where sweeps are compared; null for the sweep's own.
    """
    if not results.judged:
        return None
    goals = goals or goals_of(results)
    judged = {record.stage: record for record in results.judged}
    front = front_of(results).distinct()
    missing = sum(row.stage not in judged for row in front)
    if missing:
        return Judgement(judged, len(front), missing, None, None)
    on_test = np.array([judged[row.stage].of(goals.quality) for row in front])
    return Judgement(
        judged,
        len(front),
        0,
        Bias(goals.log_area(front), goals.log_area(front, on_test)),
        Bias(goals.area(front), goals.area(front, on_test)),
    )


def _against(found: Bias) -> str:
    return f"{found.test:.4f} ({found.bias:+.4f})"
