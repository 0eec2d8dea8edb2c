"""How the front grew: what it was worth over the work, counted in three ways."""

from datetime import datetime
from typing import NamedTuple

import numpy as np

from tatl_search.core.goals import Goals
from tatl_search.core.pareto import hypervolume
from tatl_search.figures import MACS
from tatl_search.records import CandidateRecord
from tatl_search.results.front import Floats, goals_of
from tatl_search.results.store import SweepResults
from tatl_search.results.work import full_images


class Step(NamedTuple):
    """Where a sweep stood when its front changed.

    Attributes:
        images: trained until then, those of shared first fine-tunings and baselines among them.
        full_images: the same, each times its network's share of the MACs; 0 while the unpruned
            network's are not known.
        hours: wall-clock of the drivers, from their commands on; since the launch, pauses counted,
            where an earlier version ran the sweep.
        log_area: of the front until then.
        area: likewise.
        hypervolume: likewise, normalised.
    """

    images: int
    full_images: float
    hours: float
    log_area: float
    area: float
    hypervolume: float


class _Front:
    """The networks that no other one is as good as, and what they are worth."""

    def __init__(self, goals: Goals) -> None:
        self._goals = goals
        self._points = np.empty((0, len(goals.objectives)))
        self._rows: list[CandidateRecord] = []
        self.worth = (0.0, 0.0, 0.0)

    def add(self, row: CandidateRecord, point: Floats) -> bool:
        """Add a network with its objectives, normalised; return whether the front changed."""
        if np.isnan(point).any() or np.any(np.all(self._points <= point, axis=1)):
            return False  # an objective is not known, or another one is nowhere worse
        kept = ~np.all(point <= self._points, axis=1)
        self._points = np.vstack([self._points[kept], point])
        self._rows = [row for row, is_kept in zip(self._rows, kept, strict=True) if is_kept]
        self._rows.append(row)
        goals = self._goals
        volume = hypervolume(self._points, goals.corner)
        self.worth = (goals.log_area(self._rows), goals.area(self._rows), volume)
        return True


def history(results: SweepResults) -> tuple[Step, ...]:
    """Return the steps by which a sweep's front grew, and where it is now; none without rows."""
    goals, clock = goals_of(results), results.wall_clock
    launched = datetime.fromisoformat(results.manifest.created_at)
    whole = results.reference_cost(MACS)
    points = goals.normalised(results.candidates)
    place = {id(row): index for index, row in enumerate(results.candidates)}
    rows = sorted(results.rows, key=lambda row: row.created_at)
    front = _Front(goals)
    images, full, seconds, steps = 0, 0.0, 0.0, [Step(0, 0.0, 0.0, *front.worth)]
    for row in rows:
        images += row.images_trained
        full += full_images(row, whole) if whole else 0.0
        at = datetime.fromisoformat(row.created_at)
        seconds = clock.until(at) if clock else (at - launched).total_seconds()
        if id(row) in place and front.add(row, points[place[id(row)]]):
            steps.append(Step(images, full, seconds / 3600.0, *front.worth))
    return (*steps, Step(images, full, seconds / 3600.0, *front.worth)) if rows else ()
