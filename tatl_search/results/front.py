"""The front of a sweep: which candidates no other one beats, and its figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tatl_search.config import Objective
from tatl_search.core.constraints import keeps_to
from tatl_search.core.pareto import area_under_front, hypervolume, knee, non_dominated
from tatl_search.manifest import SweepManifest
from tatl_search.records import CandidateRecord
from tatl_search.results.store import SweepResults

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Front:
    """The candidates of a sweep that are not dominated in its objectives, and their figures.

    Attributes:
        results: the sweep.
        mask: one per candidate: whether it is on the front. Trials that share a stage hold the
            same network several times; all of them are on the front then.
        hypervolume: volume the front dominates, from accuracy 0 and the unpruned network's
            costs, each axis normalised to 1.
        area: mean accuracy money can buy: over MACs shares from 0.1 to 1, the best accuracy
            among candidates with at most that share.
        knee: the candidate farthest above the chord of the front (accuracy against
            `main_cost`); null without candidates.
    """

    results: SweepResults
    mask: tuple[bool, ...]
    hypervolume: float
    area: float
    knee: CandidateRecord | None

    def members(self) -> tuple[CandidateRecord, ...]:
        """Return the front from large to small, shared networks as often as trials hold them."""
        chosen = [row for row, on in zip(self.results.candidates, self.mask, strict=True) if on]
        cost = main_cost(self.results.manifest)
        return tuple(sorted(chosen, key=lambda row: (-value(row, cost), row.accuracy)))

    def distinct(self) -> tuple[CandidateRecord, ...]:
        """Return the front from large to small, each network once: by its first trial."""
        first: dict[str, CandidateRecord] = {}
        for row in self.members():
            first.setdefault(row.stage, row)
        return tuple(first.values())


def within_bounds(
    manifest: SweepManifest, rows: Iterable[CandidateRecord]
) -> tuple[CandidateRecord, ...]:
    """Return the candidates that keep to the sweep's bounds: all of them where it has none."""
    return tuple(row for row in rows if keeps_to(manifest.sweep.bounds, vars(row)))


class Staircase(NamedTuple):
    """What is best at each cost, as a line: the corners of a step function, left to right."""

    cost: list[float]
    score: list[float]


def front_of(results: SweepResults) -> Front:
    """Compute the front over all candidates of all trials, round 0 included."""
    rows = results.candidates
    if not rows:
        return Front(results, mask=(), hypervolume=0.0, area=0.0, knee=None)
    cost = main_cost(results.manifest)
    accuracy = _column(rows, Objective.ACCURACY)
    return Front(
        results,
        mask=tuple(bool(on) for on in non_dominated(objective_values(results.manifest, rows))),
        hypervolume=hypervolume(*normalised(results)),
        area=area_under_front(accuracy, _shares(results, Objective.MACS)),
        knee=rows[knee(accuracy, _column(rows, cost))],
    )


def value(row: CandidateRecord, objective: Objective) -> float:
    """Return a candidate's figure of an objective, as it is stored."""
    return float(getattr(row, objective.value))


def costs(manifest: SweepManifest) -> tuple[Objective, ...]:
    """Return the sweep's objectives but accuracy."""
    return tuple(o for o in manifest.sweep.objectives if not o.higher_is_better)


def main_cost(manifest: SweepManifest) -> Objective:
    """Return the cost that orders tables and is an axis of pictures: MACs if they count."""
    chosen = costs(manifest)
    return Objective.MACS if Objective.MACS in chosen else chosen[0]


def objective_values(manifest: SweepManifest, rows: Iterable[CandidateRecord]) -> Floats:
    """Return (N, D) figures of the sweep's objectives, all to be minimised, accuracy first."""
    return np.array(
        [[-row.accuracy, *(value(row, cost) for cost in costs(manifest))] for row in rows]
    ).reshape(-1, len(manifest.sweep.objectives))


def normalised(results: SweepResults) -> tuple[Floats, Floats]:
    """Return what the hypervolume is computed from, all to be minimised.

    Returns:
        (N, D) the candidates' accuracy, negative, and costs as shares of the unpruned network's;
        (D,) the reference point: accuracy 0 and the unpruned network's costs.
    """
    accuracy = _column(results.candidates, Objective.ACCURACY)
    shares = [_shares(results, cost) for cost in costs(results.manifest)]
    return np.column_stack([-accuracy, *shares]), np.array([0.0, *(1.0 for _ in shares)])


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


def front_json(results: SweepResults, all_candidates: bool) -> dict[str, Any]:
    """Return the sweep's front as JSON values.

    Args:
        results: the sweep.
        all_candidates: all candidates of the trials, by trial and round; otherwise the front
            only, from large to small, each network once.
    """
    front = front_of(results)
    every = zip(results.candidates, front.mask, strict=True)
    listed = every if all_candidates else [(row, True) for row in front.distinct()]
    unpruned = results.unpruned
    bounds = results.manifest.sweep.bounds
    return {
        "sweep": results.manifest.name,
        "trials": len(results.trials),
        "images_trained": results.images_trained,
        "images_saved": results.images_saved,
        "images_forward": results.images_forward,
        "hypervolume": front.hypervolume,
        "area": front.area,
        "unpruned": None if unpruned is None else _figures(unpruned),
        "baselines": [{"label": row.label, **_figures(row)} for row in results.baselines],
        "candidates": [
            {
                "trial": row.trial,
                "round": row.round,
                **_figures(row),
                "on_front": on,
                **({"within_bounds": keeps_to(bounds, vars(row))} if bounds.given else {}),
            }
            for row, on in listed
        ],
    }


def _figures(row: CandidateRecord) -> dict[str, Any]:
    return {objective.value: getattr(row, objective.value) for objective in Objective}


def _column(rows: Iterable[CandidateRecord], objective: Objective) -> Floats:
    return np.array([value(row, objective) for row in rows])


def _shares(results: SweepResults, cost: Objective) -> Floats:
    reference = results.reference_cost(cost)
    return _column(results.candidates, cost) / (np.nan if reference is None else reference)
