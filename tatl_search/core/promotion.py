"""Which trials deserve more training: the best at equal length, while new ones are tried as well.

*Our reading* of MO-ASHA (Schmucker et al. 2021, arXiv 2106.12639). Trials climb **rungs**, and of
those that reached a rung only the best climb on. Two things differ, since our trials are few and
long. The best are those that together span most hypervolume, so that a network for another
budget comes before one much like the best. And nobody waits for a rung to fill: what is spent on
climbing is held to what is spent on new trials instead, so that whichever of the two is of no use
costs no more than half of all. Nobody climbs whose place is certain to be off the front: where a
network that costs no more is better by more than chance allows, longer training is spent in vain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tatl_search.core.confidence import least_lead
from tatl_search.core.pareto import hypervolume, non_dominated

Floats = npt.NDArray[np.floating[Any]]

SHARE = 1 / 3
"""Share of the trials on a rung that climb on."""

MOST = 12
"""Trials of a rung that climb on at most, however many there are."""

LEAST_GAIN = 0.01
"""Who adds less than this share of the hypervolume is much like those before."""


@dataclass(frozen=True)
class Climber:
    """A trial on its way up.

    Attributes:
        values: (D,) minimised, at each rung that it reached, the lowest first.
        may_climb: whether there is a next rung that it was not sent to yet.
        images: that its accuracies were measured on; 0 where that is not known.
    """

    values: Sequence[Floats]
    may_climb: bool
    images: int = 0


def next_to_climb(
    climbers: Sequence[Climber], reference: Floats, accuracy: int | None = None
) -> int | None:
    """Return the place of the trial that should climb next; null if none deserves it.

    It is among the best on every rung that it reached; of several, one on the lowest rung, so
    that good newcomers catch up, and there the one that adds most.

    Args:
        climbers: all trials.
        reference: (D,) the hypervolume's reference point.
        accuracy: which of the D is accuracy, minimised; null for none.
    """
    leading = set(range(len(climbers)))
    for rung in range(max((len(climber.values) for climber in climbers), default=0)):
        there = [n for n, climber in enumerate(climbers) if len(climber.values) > rung]
        values = np.array([climbers[n].values[rung] for n in there])
        best = [there[place] for place in best_of(values, reference, _quota(len(there)))]
        for n in best:
            waits = climbers[n].may_climb and len(climbers[n].values) == rung + 1
            if waits and n in leading:
                own = climbers[n].values[rung]
                if not _is_surely_beaten(own, values, accuracy, climbers[n].images):
                    return n
        leading &= set(best)
    return None


def _is_surely_beaten(own: Floats, values: Floats, accuracy: int | None, images: int) -> bool:
    """Whether a network that is worse in nothing else is more accurate by more than chance.

    Args:
        own: (D,) of one network.
        values: (N, D) of all on its rung.
        accuracy: which of the D is accuracy; null for none.
        images: that accuracies were measured on; 0 where that is not known.
    """
    if accuracy is None or images == 0:
        return False
    no_worse = np.all(np.delete(values, accuracy, 1) <= np.delete(own, accuracy), axis=1)
    best, mine = -float(np.min(values[no_worse, accuracy])), -float(own[accuracy])
    return best - mine > least_lead((best, images), (mine, images))


def best_of(values: Floats, reference: Floats, most: int) -> list[int]:
    """Return the places of the best rows, the best first.

    Layer by layer: a layer holds the rows that together span most hypervolume, chosen greedily
    until none adds much; the next layer is chosen from what is left. Rows not below the reference
    in every objective, or with a NaN, are in none.

    Args:
        values: (N, D) minimised.
        reference: (D,) of the hypervolume.
        most: rows to return at most.
    """
    left = np.flatnonzero(np.all(values < reference, axis=1))
    best: list[int] = []
    while len(left) and len(best) < most:
        layer = left[_spread(values[left], reference, most - len(best))]
        best.extend(layer.tolist())
        left = np.setdiff1d(left, layer)
    return best


def _spread(values: Floats, reference: Floats, most: int) -> list[int]:
    """Return the places of one layer's rows, the first adding most; at least one."""
    front = np.flatnonzero(non_dominated(values)).tolist()
    chosen: list[int] = []
    reached = 0.0
    while front and len(chosen) < most:
        volumes = [hypervolume(values[[*chosen, n]], reference) for n in front]
        best = int(np.argmax(volumes))
        if chosen and volumes[best] < (1 + LEAST_GAIN) * reached:
            break
        reached = volumes[best]
        chosen.append(front.pop(best))
    return chosen


def _quota(trials: int) -> int:
    return min(MOST, math.ceil(trials * SHARE - 1e-9))
