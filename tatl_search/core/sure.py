"""Which networks of a front are better than every cheaper one by more than chance allows.

The best of many that were judged on the same images is partly lucky. So the front that is chosen
from is walked from the cheapest network on: a costlier one enters only if it is surely better
than all that entered before and cost no more. The front itself stays the record of what was found.
"""

from collections.abc import Sequence

import numpy as np

from tatl_search.core.confidence import least_lead
from tatl_search.core.goals import Goals
from tatl_search.figures import Figure, Figures, Interval


def sure_front(
    rows: Sequence[Figures], goals: Goals, variances: Sequence[float] | None = None
) -> list[int]:
    """Return the places of the networks of the sure front, the cheapest first.

    Args:
        rows: networks; those that another one beats, or of which an objective is not known, are
            in no front. Of equal ones the first counts.
        goals: of the sweep.
        variances: of each network's quality over trainings from other seeds; null for none known.
    """
    spread = variances or [0.0] * len(rows)
    costs = np.array([[cost.of(row) for cost in goals.costs] for row in rows])
    front = np.flatnonzero(goals.on_front(rows)).tolist()
    chosen: list[int] = []
    for place in sorted(front, key=lambda n: (*costs[n], -goals.quality.of(rows[n]), n)):
        cheaper = [other for other in chosen if np.all(costs[other] <= costs[place])]
        if all(
            is_surely_better(
                rows[place], rows[other], goals, variance=spread[place] + spread[other]
            )
            for other in cheaper
        ):
            chosen.append(place)
    return chosen


def is_surely_better(row: Figures, other: Figures, goals: Goals, variance: float = 0.0) -> bool:
    """Whether a network is better than another in one quality at least by more than chance."""
    return any(
        quality.of(row) - quality.of(other)
        > lead(row, other, quality, variance if quality is goals.quality else 0.0)
        for quality in goals.qualities
    )


def lead(row: Figures, other: Figures, quality: Figure, variance: float = 0.0) -> float:
    """Return the lead that a network needs in a quality; 0 where nothing is known of its luck."""
    if quality.interval is Interval.NONE:
        return 0.0
    return least_lead(
        (quality.of(row), row.val_images), (quality.of(other), other.val_images), variance
    )
