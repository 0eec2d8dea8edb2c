"""How the front grew: its hypervolume over the images trained and over time."""

from datetime import datetime
from typing import NamedTuple

import numpy as np

from tatl_search.core.pareto import hypervolume, non_dominated
from tatl_search.results.front import Floats, goals_of
from tatl_search.results.store import SweepResults


class Step(NamedTuple):
    """Where a sweep stood when its front changed.

    Attributes:
        images: trained until then, those of shared first fine-tunings and baselines among them.
        hours: wall-clock since the launch; where a sweep was resumed, the pause counts.
        hypervolume: of the candidates until then, normalised.
    """

    images: int
    hours: float
    hypervolume: float


def history(results: SweepResults) -> tuple[Step, ...]:
    """Return the steps of a sweep's hypervolume, and where it stands now; none without rows."""
    launched = datetime.fromisoformat(results.manifest.created_at)
    goals = goals_of(results)
    points = goals.normalised(results.candidates)
    place = {id(row): index for index, row in enumerate(results.candidates)}
    rows = sorted(results.rows, key=lambda row: row.created_at)
    front = np.empty((0, len(goals.objectives)))
    images, volume, steps = 0, 0.0, [Step(0, 0.0, 0.0)]
    for row in rows:
        images += row.images_trained
        hours = (datetime.fromisoformat(row.created_at) - launched).total_seconds() / 3600.0
        point = points[place[id(row)]] if id(row) in place else None
        if point is not None and not _is_covered(front, point):
            front = np.vstack([front, point])
            front = front[non_dominated(front)]
            volume = hypervolume(front, goals.corner)
            steps.append(Step(images, hours, volume))
    return (*steps, Step(images, hours, volume)) if rows else ()


def _is_covered(front: Floats, point: Floats) -> bool:
    """Whether a network adds nothing: an objective is not known, or another is nowhere worse."""
    return bool(np.isnan(point).any() or np.any(np.all(front <= point, axis=1)))
