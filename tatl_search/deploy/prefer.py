"""Which of several networks is preferred, and why."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tatl_search.core.confidence import wilson_interval
from tatl_search.core.pareto import knee, non_dominated
from tatl_search.deploy.request import Figure, PickRequest, Preference
from tatl_search.deploy.wording import percent_change
from tatl_search.errors import InputError
from tatl_search.records import CandidateRecord
from tatl_search.results.latency import Latencies

Floats = npt.NDArray[np.float64]


class Preferred(NamedTuple):
    """A network, and for people the rule that led to it."""

    candidate: CandidateRecord
    why: str


def prefer(
    feasible: Sequence[CandidateRecord],
    request: PickRequest,
    within: str,
    latencies: Latencies | None,
) -> Preferred:
    """Return which network a request prefers.

    Args:
        feasible: those that keep to its bounds, at least one.
        request: what is asked for.
        within: the bounds in words, as in ` with at most 5.0 M MACs`; empty without any.
        latencies: of the networks, where the request weighs them.

    Raises:
        InputError: latency is weighed and known of none.
    """
    if request.weights:
        return _by_weights(feasible, request, within, latencies)
    match request.preference or _usual(request, within):
        case Preference.KNEE:
            return _within_one_error(feasible, _knee(feasible), f"the knee of the front{within}")
        case Preference.MAX_ACCURACY:
            best = min(feasible, key=_most_accurate_first)
            return _within_one_error(feasible, best, f"the most accurate{within}")
        case Preference.MIN_MACS:
            why = f"the cheapest of {len(feasible)} candidates{within}"
            return Preferred(min(feasible, key=cheapest_first), why)


def cheapest_first(record: CandidateRecord) -> tuple[float, ...]:
    """Return by what candidates are sorted, the cheapest first; no two are equal."""
    trial = -1 if record.trial is None else record.trial
    return (record.macs, -record.accuracy, record.parameters, trial, record.round)


def _usual(request: PickRequest, within: str) -> Preference:
    if not within:
        return Preference.KNEE
    return Preference.MAX_ACCURACY if request.bounds_cost else Preference.MIN_MACS


def _most_accurate_first(record: CandidateRecord) -> tuple[float, ...]:
    return (-record.accuracy, *cheapest_first(record))


def _knee(pool: Sequence[CandidateRecord]) -> CandidateRecord:
    accuracy = np.array([record.accuracy for record in pool], dtype=np.float64)
    macs = np.array([record.macs for record in pool], dtype=np.float64)
    return pool[int(knee(accuracy, macs))]


def _within_one_error(
    pool: Sequence[CandidateRecord], best: CandidateRecord, role: str
) -> Preferred:
    # Wilson's: the plain standard error of an accuracy of 1 is 0, as if it were certain.
    error = best.accuracy - wilson_interval(best.accuracy, best.val_images, z=1.0)[0]
    near = [record for record in pool if record.accuracy >= best.accuracy - error]
    picked = min(near, key=cheapest_first)
    if picked is best:
        return Preferred(
            best, f"{role}; no cheaper candidate is within one standard error ({error:.4f}) of it"
        )
    return Preferred(
        picked,
        f"{role} is {best.label} (accuracy {best.accuracy:.4f}); this is the cheapest of"
        f" {len(near)} candidates within one standard error ({error:.4f}) of it, at"
        f" {percent_change(picked.macs, best.macs)} MACs",
    )


def _by_weights(
    feasible: Sequence[CandidateRecord],
    request: PickRequest,
    within: str,
    latencies: Latencies | None,
) -> Preferred:
    """Return the highest weighted sum of figures, each scaled over the front they make."""
    weights = {figure: weight for figure, weight in request.weights.items() if weight > 0.0}
    pool = sorted(feasible, key=cheapest_first)
    values = np.array([[_loss(row, figure, latencies) for figure in weights] for row in pool])
    front = np.flatnonzero(non_dominated(values))
    if len(front) == 0:
        raise InputError(f"none of the candidates{within} was measured, so latency weighs nothing")
    scores = _benefits(values[front]) @ np.array(list(weights.values()))
    best = int(np.argmax(scores))
    said = ", ".join(f"{figure}={weight:g}" for figure, weight in weights.items())
    return Preferred(
        pool[int(front[best])],
        f"the highest score by {said}{within}: {scores[best]:.3f}, each figure scaled from 0, the"
        f" worst of the {len(front)} that no other beats in them, to 1, the best",
    )


def _loss(row: CandidateRecord, figure: Figure, latencies: Latencies | None) -> float:
    """Return a figure turned so that less is better; NaN where it is unknown."""
    if figure is Figure.ACCURACY:
        return -row.accuracy
    if figure is not Figure.LATENCY_MS:
        return float(getattr(row, figure.value))
    known = latencies.of(row) if latencies else None
    return np.nan if known is None else known


def _benefits(losses: Floats) -> Floats:
    """Return (N, D) losses scaled by column: 1 for the least, 0 for the greatest or all equal."""
    span = np.ptp(losses, axis=0)
    scaled: Floats = (losses.max(axis=0) - losses) / np.where(span > 0, span, 1.0)
    return scaled
