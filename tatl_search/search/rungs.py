"""Trials that go on where others stopped: the same settings, finished for longer.

Such a trial shares all stages of the one before it and pays for its last piece alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from tatl_search.core.promotion import Climber, Floats, next_to_climb
from tatl_search.space import Range

RUNG = "finish.pieces"
"""Name of the parameter that is climbed."""

IMAGES = "images_without_reuse"
"""Name of what the journal knows of a trial's costs, had it shared nothing.

What it did pay hangs on what else lies in the storage, and is another number after a resume.
"""

JUDGED_ON = "val_images"
"""Name of what the journal knows of the validation images that a trial was judged on."""

COSTS = ("macs", "parameters", "size_bytes", "latency_ms")
"""Bounds that no further training mends."""


@dataclass
class _Ladder:
    """Trials that differ in their rung alone.

    Attributes:
        settings: their parameters besides.
        sent: rungs that trials were sent to.
        values: rung -> values that were told, of networks that keep to the bounds on costs.
        images: rung -> images that its trial would have paid for, had it shared nothing.
        judged_on: validation images; 0 where an earlier version told.
    """

    settings: Mapping[str, Any]
    sent: set[int] = field(default_factory=set)
    values: dict[int, Sequence[float]] = field(default_factory=dict)
    images: dict[int, int] = field(default_factory=dict)
    judged_on: int = 0


class Rungs:
    """Says which trial is to go on, by what the study knows."""

    def __init__(
        self,
        rungs: Range,
        signs: Sequence[float],
        reference: Sequence[float],
        accuracy: int | None = None,
    ) -> None:
        """Prepare to look at trials.

        Args:
            rungs: the lengths that a trial may have.
            signs: of each objective: -1 where it is maximised, else 1.
            reference: of each objective, the worst value that counts; 0 for accuracy.
            accuracy: which objective is accuracy, of which the noise is known; null for none.
        """
        self._accuracy = accuracy
        self._step = int(rungs.step or 1)
        self._lowest, self._highest = int(rungs.low), int(rungs.high)
        scale = np.array([value or 1.0 for value in reference])
        self._weights = np.array(signs) / scale
        self._reference = np.array(reference) * self._weights

    @property
    def first(self) -> Mapping[str, int]:
        """What a new trial is given: the lowest rung."""
        return {RUNG: self._lowest}

    def below(self, rung: int) -> int:
        """Return the rung below one; 0 below the lowest, where trials are new."""
        return rung - self._step if rung > self._lowest else 0

    def climb(self, trials: Iterable[FrozenTrial]) -> Mapping[str, Any] | None:
        """Return the parameters of a trial that goes on; null where a new one is due.

        Args:
            trials: all that the study knows.
        """
        ladders = _ladders(trials)
        spent = [self._spent(ladder) for ladder in ladders]
        if sum(climbing for climbing, _ in spent) >= sum(at_first for _, at_first in spent):
            return None
        climbers = [self._climber(ladder) for ladder in ladders]
        chosen = next_to_climb(climbers, self._reference, self._accuracy)
        if chosen is None:
            return None
        return {**ladders[chosen].settings, RUNG: self._rung(len(climbers[chosen].values))}

    def _spent(self, ladder: _Ladder) -> tuple[int, int]:
        """Return the images of all steps from a rung to the next, and those of what came before."""
        climbing = at_first = 0
        for rung, images in ladder.images.items():
            below = ladder.images.get(rung - self._step)
            if below is None:
                at_first += images
            else:
                climbing += images - below
        return climbing, at_first

    def _climber(self, ladder: _Ladder) -> Climber:
        values: list[Floats] = []
        while (rung := self._rung(len(values))) in ladder.values:
            values.append(np.array(ladder.values[rung]) * self._weights)
        may_climb = rung <= self._highest and rung not in ladder.sent
        return Climber(values, may_climb, ladder.judged_on)

    def _rung(self, number: int) -> int:
        return self._lowest + number * self._step


def _ladders(trials: Iterable[FrozenTrial]) -> list[_Ladder]:
    """Return the ladders that trials stand on, in the order in which they were begun."""
    ladders: dict[frozenset[tuple[str, Any]], _Ladder] = {}
    for trial in trials:
        rung = trial.params.get(RUNG)
        if rung is None or trial.state is TrialState.FAIL:
            continue  # just begun, its parameters not drawn yet; or nobody began it
        settings = {name: value for name, value in trial.params.items() if name != RUNG}
        ladder = ladders.setdefault(frozenset(settings.items()), _Ladder(settings))
        ladder.sent.add(rung)
        if IMAGES in trial.user_attrs:
            ladder.images[rung] = trial.user_attrs[IMAGES]
        ladder.judged_on = trial.user_attrs.get(JUDGED_ON, ladder.judged_on)
        costs_too_much = any(trial.constraints.get(bound, 0.0) > 0.0 for bound in COSTS)
        if trial.state is TrialState.COMPLETE and not costs_too_much:
            ladder.values[rung] = trial.values
    return list(ladders.values())
