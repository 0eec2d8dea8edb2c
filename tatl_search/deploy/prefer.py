"""Which of several networks is preferred, and why."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tatl_search.core.pareto import non_dominated
from tatl_search.deploy.grounds import Grounds, amount
from tatl_search.deploy.request import KNEE, PREFERENCES, PickRequest
from tatl_search.deploy.wording import percent_change
from tatl_search.errors import InputError
from tatl_search.figures import Figure, Interval
from tatl_search.records import CandidateRecord

Floats = npt.NDArray[np.float64]


class Preferred(NamedTuple):
    """A network, and for people the rule that led to it."""

    candidate: CandidateRecord
    why: str


def prefer(
    feasible: Sequence[CandidateRecord], request: PickRequest, within: str, grounds: Grounds
) -> Preferred:
    """Return which network a request prefers.

    Args:
        feasible: those that keep to its bounds, at least one.
        request: what is asked for.
        within: the bounds in words, as in ` with at most 5.0 M MACs`; empty without any.
        grounds: what figures count, and where they come from.

    Raises:
        InputError: a figure that decides is known of none.
    """
    if request.weights:
        return _by_weights(feasible, request, within, grounds)
    goals = grounds.goals
    preference = request.preference or _usual(request, within, grounds)
    figure = PREFERENCES[preference]
    if figure is None:
        place = goals.knee(feasible)
        assert place is not None  # the pool holds no network that lacks quality or cost
        return _surest(feasible, feasible[place], f"the knee of the front{within}", grounds)
    if figure == goals.quality:
        best = min(feasible, key=grounds.best_first)
        good = "the most accurate" if figure.key == "accuracy" else f"the best {figure.name}"
        return _surest(feasible, best, f"{good}{within}", grounds)
    known = [row for row in feasible if not np.isnan(grounds.of(figure, row))]
    if not known:
        raise InputError(f"the {figure.name} of none of the candidates{within} is known")
    best = min(known, key=lambda row: (grounds.minimised(figure, row), *grounds.best_first(row)))
    rule = "the cheapest" if figure == goals.cost else f"the {figure.best_name.replace('_', ' ')}"
    return Preferred(best, f"{rule} of {len(known)} candidates{within}")


def _usual(request: PickRequest, within: str, grounds: Grounds) -> str:
    if not within:
        return KNEE
    goals = grounds.goals
    return goals.quality.best_name if request.bounds_cost else goals.cost.best_name


def _surest(
    pool: Sequence[CandidateRecord], best: CandidateRecord, role: str, grounds: Grounds
) -> Preferred:
    """Return the network of the sure front that costs no more than the one wanted."""
    quality, costs = grounds.goals.quality, grounds.goals.costs
    if quality.interval is Interval.NONE:
        return Preferred(best, f"{role}; how far its {quality.name} is luck is not known")
    sure = [
        row for row in grounds.sure(pool) if all(cost.of(row) <= cost.of(best) for cost in costs)
    ]
    picked = min(sure, key=grounds.best_first)
    if quality.of(picked) >= quality.of(best):
        return Preferred(picked, f"{role}; surely better than every cheaper candidate")
    cost = grounds.goals.cost
    return Preferred(
        picked,
        f"{role} is {best.label} ({amount(quality.of(best), quality)}), better than this cheaper"
        f" one by {quality.of(best) - quality.of(picked):.4f}, which may be chance"
        f" ({grounds.lead(best, picked):.4f} would not be); this one is at"
        f" {percent_change(cost.of(picked), cost.of(best))} {cost.name}",
    )


def _by_weights(
    feasible: Sequence[CandidateRecord], request: PickRequest, within: str, grounds: Grounds
) -> Preferred:
    """Return the highest weighted sum of figures, each scaled over the front they make."""
    weights = {figure: weight for figure, weight in request.weights.items() if weight > 0.0}
    pool = sorted(feasible, key=grounds.cheapest_first)
    values = np.array([[grounds.minimised(figure, row) for figure in weights] for row in pool])
    front = np.flatnonzero(non_dominated(values))
    if len(front) == 0:
        raise InputError(_nothing_weighs(list(weights), values, within))
    scores = _benefits(values[front]) @ np.array(list(weights.values()))
    best = int(np.argmax(scores))
    said = ", ".join(f"{figure.key}={weight:g}" for figure, weight in weights.items())
    return Preferred(
        pool[int(front[best])],
        f"the highest score by {said}{within}: {scores[best]:.3f}, each figure scaled from 0, the"
        f" worst of the {len(front)} that no other beats in them, to 1, the best",
    )


def _nothing_weighs(figures: Sequence[Figure], values: Floats, within: str) -> str:
    """Return which of (N, D) figures keep all N candidates from being weighed, in words."""
    columns = zip(figures, values.T, strict=True)
    unknown = [figure.name for figure, column in columns if np.isnan(column).all()]
    if unknown:
        names = " and ".join(unknown)
        return f"the {names} of none of the candidates{within} is known: nothing weighs"
    names = " and ".join(figure.name for figure in figures)
    return f"no candidate{within} has all that is weighed: {names}"


def _benefits(losses: Floats) -> Floats:
    """Return (N, D) losses scaled by column: 1 for the least, 0 for the greatest or all equal."""
    span = np.ptp(losses, axis=0)
    scaled: Floats = (losses.max(axis=0) - losses) / np.where(span > 0, span, 1.0)
    return scaled
