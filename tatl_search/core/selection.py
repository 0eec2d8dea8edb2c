"""Which units of a group are candidates for removal: the cumulative threshold.

TATL (Zhong, Li, Okada, Maki 2018, arXiv 1810.01104) finds redundancy from "the cumulative sum of
activation statistics of each layer". The formula below is *our reading* of it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

ROUNDING = 1e-11
"""Shares this small count as nothing: sums of some thousand float64 shares err by less."""


def kept_count(activations: Floats, threshold: float) -> int:
    """Return how many of a group's strongest units hold the threshold of its summed activation.

    With p_i = a_i / sum_j a_j sorted descending and c(k) the sum of the k largest, this is
    min{k : c(k) >= threshold}, compared up to `ROUNDING`: 0.7 + 0.2 reaches a threshold of 0.9.

    Args:
        activations: (n,) mean absolute activations, >= 0, of a group's units.
        threshold: tau, in (0, 1].

    Returns:
        At least 1; n where the group is dead (sum 0) or a statistic is not finite, since then
        nothing can be said about any unit.
    """
    total = float(np.sum(activations, dtype=np.float64))
    if not (np.isfinite(total) and total > 0.0):
        return len(activations)
    strongest_first = np.sort(activations.astype(np.float64))[::-1]
    held = np.cumsum(strongest_first / total)
    return 1 + int(np.searchsorted(held[:-1], threshold - ROUNDING))


def candidate_units(activations: Floats, threshold: float) -> Ints:
    """Return the units a group can give up, weakest first; of equals the lower index first.

    Args:
        activations: (n,) mean absolute activations, >= 0, of a group's units.
        threshold: tau, in (0, 1].

    Returns:
        (n - kept_count,) indices; empty for a dead group or one with a non-finite statistic.
    """
    weakest_first = np.argsort(activations, kind="stable")
    return weakest_first[: len(activations) - kept_count(activations, threshold)]
