"""One level across a network: all units below it go.

Give units their rank among all units of the network and it is a global ranking; give them their
share of the group's own ranking and every group loses the same share.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tatl_search.core.budget import Budget

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


def removals_below(budget: Budget, levels: Sequence[Floats]) -> Ints:
    """Return how many units each of G groups gives up, (G,), for the lowest level that suffices.

    All units up to a level go, as far as floors allow: a group whose next allowed width asks for
    units above the level waits for it. The level is the lowest of all units' at which the
    budget's rate is reached; where none is, all goes that floors allow.

    Args:
        budget: what is to go.
        levels: (candidates,) numbers of each group, ascending; groups that are left alone have
            none.
    """

    def after(level: float) -> Ints:
        below = [bisect_right(group, level) for group in levels]
        return budget.widths - np.array(
            [_allowed(budget, group, count) for group, count in enumerate(below)], dtype=np.int64
        )

    every = np.unique(np.concatenate([np.asarray(group, dtype=np.float64) for group in levels]))
    low, high = 0, len(every) - 1
    if high < 0:
        return np.zeros(len(levels), dtype=np.int64)
    while low < high:  # costs never grow with the level
        middle = (low + high) // 2
        low, high = (low, middle) if budget.reached(after(every[middle])) else (middle + 1, high)
    return budget.widths - after(every[low])


def global_levels(scores: Sequence[Floats]) -> list[npt.NDArray[np.float64]]:
    """Return each unit's place, from 0, among all units of the network, ascending in each group.

    Of equal scores the earlier group and the lower unit come first.

    Args:
        scores: (candidates,) of each group, in network order.
    """
    weakest_first = np.argsort(np.concatenate(scores), kind="stable")
    places = np.empty(len(weakest_first))
    places[weakest_first] = np.arange(len(weakest_first))
    ends = np.cumsum([len(group) for group in scores])[:-1]
    return [np.sort(group) for group in np.split(places, ends)]


def share_levels(counts: Sequence[int]) -> list[npt.NDArray[np.float64]]:
    """Return 1/n, 2/n, ..., 1 for each group of n candidates: the share that goes with each."""
    return [np.arange(1, count + 1) / count if count else np.empty(0) for count in counts]


def _allowed(budget: Budget, group: int, wanted: int) -> int:
    """Return the largest count a group may lose that is at most the wanted one; 0 for none."""
    return max(budget.allowed(group, wanted), default=0)
