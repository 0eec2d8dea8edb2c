"""The front of a sweep: which candidates no other one beats, and its figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tatl_search.core.constraints import keeps_to
from tatl_search.core.goals import Goals
from tatl_search.core.pareto import non_dominated
from tatl_search.core.sure import sure_front
from tatl_search.figures import GOALS
from tatl_search.manifest import SweepManifest
from tatl_search.records import CandidateRecord
from tatl_search.results.store import SweepResults

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Front:
    """The candidates of a sweep that are not dominated in its objectives, and their figures.

    Attributes:
        results: the sweep.
        goals: what it looks for.
        mask: one per candidate: whether it is on the front. Of several that are equal in all
            objectives, as those of trials that share a stage, all are.
        hypervolume: volume the front dominates, from a quality of 0 and the unpruned network's
            costs, each axis normalised to 1.
        log_area: mean of the best quality affordable over the logarithm of the cost's share, from
            0.01 to 1: every halving counts alike.
        area: the same mean over the share itself, from 0.1 to 1.
        knee: the candidate farthest above the chord of the front of `goals.quality` against
            `goals.cost`; null without candidates.
        lacking: candidates of which an objective is not known, so that they are on no front.
    """

    results: SweepResults
    goals: Goals
    mask: tuple[bool, ...]
    hypervolume: float
    log_area: float
    area: float
    knee: CandidateRecord | None
    lacking: int

    def members(self) -> tuple[CandidateRecord, ...]:
        """Return all candidates on the front from large to small, equal ones as well."""
        chosen = [row for row, on in zip(self.results.candidates, self.mask, strict=True) if on]
        cost, quality = self.goals.cost, self.goals.quality
        return tuple(sorted(chosen, key=lambda row: (-cost.of(row), quality.of(row))))

    def distinct(self) -> tuple[CandidateRecord, ...]:
        """Return the front from large to small, each place of it once.

        Of candidates that are equal in all objectives, as those are that share a stage, and a
        network finished longer may be, the first of the smallest stands for all.
        """
        members = self.members()
        first: dict[tuple[float, ...], CandidateRecord] = {}
        for row in sorted(members, key=_smallest_first):
            first.setdefault(self._place(row), row)
        chosen = {id(row) for row in first.values()}
        return tuple(row for row in members if id(row) in chosen)

    def sure(self) -> tuple[CandidateRecord, ...]:
        """Return those that are better than every cheaper one by more than chance allows.

        From large to small, each place once, by the figures of the search.
        """
        networks = self.distinct()
        chosen = sure_front(networks, self.goals)
        return tuple(networks[place] for place in reversed(chosen))

    def _place(self, row: CandidateRecord) -> tuple[float, ...]:
        return tuple(self.goals.minimised([row])[0].tolist())


def _smallest_first(row: CandidateRecord) -> tuple[int, int, int]:
    return row.parameters, row.trial or 0, row.round


def goals_of(results: SweepResults) -> Goals:
    """Return what a sweep looks for, and the costs of its unpruned network as far as known."""
    objectives = results.manifest.sweep.objectives
    known = {o: results.reference_cost(o) for o in objectives if not o.higher_is_better}
    return Goals(objectives, {o: cost for o, cost in known.items() if cost is not None})


def front_of(results: SweepResults) -> Front:
    """Compute the front over all candidates: round 0 of the trials and baselines included."""
    rows, goals = results.candidates, goals_of(results)
    smallest_first = sorted(rows, key=_smallest_first)  # of equals the knee is the first
    knee = goals.knee(smallest_first)
    return Front(
        results,
        goals,
        mask=tuple(bool(on) for on in goals.on_front(rows)),
        hypervolume=goals.hypervolume(rows),
        log_area=goals.log_area(rows),
        area=goals.area(rows),
        knee=None if knee is None else smallest_first[knee],
        lacking=goals.lacking(rows),
    )


def within_bounds(
    manifest: SweepManifest, rows: Iterable[CandidateRecord]
) -> tuple[CandidateRecord, ...]:
    """Return the candidates that keep to the sweep's bounds: all of them where it has none."""
    return tuple(row for row in rows if keeps_to(manifest.sweep.bounds, row))


class Staircase(NamedTuple):
    """What is best at each cost, as a line: the corners of a step function, left to right."""

    cost: list[float]
    score: list[float]


def staircase(cost: Sequence[float], score: Sequence[float], lower_is_better: bool) -> Staircase:
    """Return the best score at each cost as the corners of a step function.

    Args:
        cost: (N,) to be minimised.
        score: (N,) such as accuracy or loss.
        lower_is_better: whether the score is to be minimised too.
    """
    values = np.column_stack([cost, score if lower_is_better else np.negative(score)])
    best = non_dominated(values)
    steps = sorted(
        {point for point, on in zip(zip(cost, score, strict=True), best, strict=True) if on}
    )
    line = Staircase([], [])
    for x, y in steps:
        if line.score:
            line.cost.append(x)
            line.score.append(line.score[-1])
        line.cost.append(x)
        line.score.append(y)
    return line


def figures_json(row: CandidateRecord) -> dict[str, Any]:
    """Return what may be searched for of a candidate, by key; null where it is not known."""
    return {key: getattr(row, key) for key in GOALS}
