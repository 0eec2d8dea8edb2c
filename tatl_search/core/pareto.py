"""Fronts and their numbers, on plain arrays. Values are minimised unless named accuracy."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

KNEE_MARGIN = 0.10
"""The knee is sought among candidates at most this far below the best accuracy."""


def non_dominated(values: Floats) -> Bools:
    """Return the mask of rows that no other row dominates.

    A row dominates another if it is nowhere larger and somewhere smaller; so of equal rows all
    are kept. A row with a NaN is never on the front and dominates nothing.

    Args:
        values: (N, D) minimised.
    """
    on_front = np.zeros(len(values), dtype=np.bool_)
    # In lexicographic order no row is dominated by a later one: the first that is left never is.
    left = np.lexsort(values.T[::-1])
    left = left[~np.isnan(values[left]).any(axis=1)]
    while left.size:
        on_front[left[0]] = True
        first, others = values[left[0]], values[left[1:]]
        dominated = np.all(first <= others, axis=1) & np.any(first < others, axis=1)
        left = left[1:][~dominated]
    return on_front


def hypervolume(values: Floats, reference: Floats) -> float:
    """Return the volume that rows dominate up to the reference point (Zitzler, Thiele 1998).

    Rows not below the reference in every objective, or with a NaN, contribute nothing.

    Args:
        values: (N, D) minimised, D 2 or 3.
        reference: (D,) finite.

    Raises:
        ValueError: D is neither 2 nor 3.
    """
    dimensions = len(reference)
    if dimensions not in (2, 3):
        raise ValueError(f"hypervolume of 2 or 3 objectives, not of {dimensions}")
    inside = values[np.all(values < reference, axis=1)]
    front = inside[non_dominated(inside)]
    return _area(front, reference) if dimensions == 2 else _volume(front, reference)


def worth_buying(quality: Floats, share: Floats) -> Ints:
    """Return the rows that are better than all that cost no more, from cheap to costly.

    They are the steps of the best quality money can buy. Of rows that are equal in both the first
    is taken; a row with a NaN never is.

    Args:
        quality: (N,) such as accuracies.
        share: (N,) costs.
    """
    known = np.flatnonzero(~(np.isnan(quality) | np.isnan(share)))
    cheapest_first = known[np.lexsort((-quality[known], share[known]))]
    best_before = np.maximum.accumulate(np.append(-np.inf, quality[cheapest_first]))[:-1]
    return cheapest_first[quality[cheapest_first] > best_before]


def area_under_front(
    quality: Floats,
    share: Floats,
    judged: Floats | None = None,
    low: float = 0.1,
    high: float = 1.0,
) -> float:
    """Return the mean quality money can buy.

    That is the mean over cost shares s in [low, high] of the best quality among candidates with
    share <= s, 0 where there is none: an exact integral of a step function. Candidates with a
    NaN count as absent.

    Args:
        quality: (N,) such as accuracies.
        share: (N,) costs as shares of the unpruned network's.
        judged: (N,) what other images say of each candidate: the best is chosen by `quality`, and
            this is what counts of it. Null for `quality` itself.
        low: smallest share considered; cheaper candidates are affordable from there on.
        high: greatest share considered.
    """
    steps, told = _steps(quality, share, judged)
    return _mean(told, np.clip(share[steps], low, high), low, high)


def log_area_under_front(
    quality: Floats,
    share: Floats,
    judged: Floats | None = None,
    low: float = 0.01,
    high: float = 1.0,
) -> float:
    """Return the mean quality money can buy where every halving of the cost counts alike.

    As `area_under_front`, but the mean is over log(s).
    """
    steps, told = _steps(quality, share, judged)
    at = np.log(np.clip(share[steps], low, high))
    return _mean(told, at, float(np.log(low)), float(np.log(high)))


def _steps(quality: Floats, share: Floats, judged: Floats | None) -> tuple[Ints, Floats]:
    """Return what is worth buying, and what counts of each."""
    if judged is None:
        judged = quality
    steps = worth_buying(np.where(np.isnan(judged), np.nan, quality), share)
    return steps, judged[steps]


def _mean(values: Floats, at: Floats, start: float, end: float) -> float:
    """Return the mean over [start, end] of a step function: a value holds from its place on."""
    return float(np.sum(values * np.diff(at, append=end)) / (end - start))


def knee(accuracy: Floats, cost: Floats) -> int:
    """Return the index of the front's knee.

    Both axes of the front are scaled to [0, 1]; the chord joins its cheapest and its most
    accurate candidate. The knee is the candidate farthest above the chord, among those within
    `KNEE_MARGIN` of the best accuracy; of equals the cheapest.

    Args:
        accuracy: (N,) accuracies.
        cost: (N,) minimised.

    Raises:
        ValueError: no candidate has both an accuracy and a cost.
    """
    front = np.flatnonzero(non_dominated(np.column_stack((-accuracy, cost))))
    if len(front) == 0:
        raise ValueError("no candidate has both an accuracy and a cost: there is no knee")
    front = front[np.argsort(cost[front], kind="stable")]
    above_chord = _scaled(accuracy[front]) - _scaled(cost[front])
    near_best = accuracy[front] >= np.max(accuracy[front]) - KNEE_MARGIN - 1e-9
    return int(front[np.argmax(np.where(near_best, above_chord, -np.inf))])


def _area(front: Floats, reference: Floats) -> float:
    """Return the hypervolume of two objectives: a staircase of rectangles."""
    by_first = front[np.argsort(front[:, 0], kind="stable")]
    widths = np.diff(by_first[:, 0], append=reference[0])
    heights = reference[1] - np.minimum.accumulate(by_first[:, 1])
    return float(np.sum(widths * heights))


def _volume(front: Floats, reference: Floats) -> float:
    """Return the hypervolume of three objectives: slabs along the third, each of one area."""
    by_third = front[np.argsort(front[:, 2], kind="stable")]
    thicknesses = np.diff(by_third[:, 2], append=reference[2])
    slabs = (
        thickness * _area(by_third[: below + 1, :2], reference[:2])
        for below, thickness in enumerate(thicknesses)
    )
    return float(sum(slabs))


def _scaled(values: Floats) -> Floats:
    """Scale to [0, 1]; all 0 where the values are all the same."""
    lowest, span = np.min(values), np.ptp(values)
    return (values - lowest) / span if span > 0 else np.zeros_like(values, dtype=np.float64)
