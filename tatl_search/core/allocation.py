"""How many units each group gives up in one round.

Step 5 of *our reading* of TATL (Zhong, Li, Okada, Maki 2018, arXiv 1810.01104): walk the groups
by descending priority and take their candidates until the round's pruning rate is reached.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from tatl_search.config import Resource
from tatl_search.core.costs import CostModel
from tatl_search.core.priority import walking_order

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Floors:
    """How narrow a group may become.

    Attributes:
        min_filters: units every group keeps at least.
        min_keep: share of its original width every group keeps at least.
        round_to: widths after a removal are multiples of this.
    """

    min_filters: int = 1
    min_keep: float = 0.0
    round_to: int = 1

    def lowest(self, original_width: int) -> int:
        """Return the least width of a group that had `original_width` units before any round."""
        # 0.07 * 100 is 7.000000000000001 in floating point: that share is 7 units, not 8.
        return max(self.min_filters, math.ceil(self.min_keep * original_width - 1e-9))

    def removals(self, width: int, original_width: int, candidates: int) -> range:
        """Return the counts, ascending and above 0, that a group may lose in one round."""
        most = min(candidates, width - self.lowest(original_width))
        least = width % self.round_to or self.round_to
        return range(least, most + 1, self.round_to)


def allocate(
    cost: CostModel,
    widths: Ints,
    original_widths: Ints,
    candidate_counts: Ints,
    priorities: Floats,
    rate: float,
    rate_of: Resource,
    floors: Floors,
) -> Ints:
    """Return how many units each of G groups gives up in this round, (G,).

    Each group gives as many of its candidates as `floors` allows; the one that reaches the rate
    the fewest that reach it. Costs are recomputed exactly as groups shrink, consumers' inputs
    included. The rate is missed only where all is taken that floors allow.

    Args:
        cost: costs over the groups' widths.
        widths: (G,) widths now.
        original_widths: (G,) widths before any round.
        candidate_counts: (G,) units the selection offers.
        priorities: (G,) walked in descending order, ties in network order.
        rate: share to remove of what the network has left in `rate_of`.
        rate_of: MACs, parameters or filters.
        floors: how narrow a group may become.
    """
    total = cost.cost(rate_of, widths)
    # 1 - 0.9 is a little less than 0.1 in floating point: the last unit must not hang on that.
    target = (1.0 - rate) * total * (1.0 + 1e-12)
    left = widths.copy()
    for group in walking_order(priorities):
        allowed = floors.removals(
            int(widths[group]), int(original_widths[group]), int(candidate_counts[group])
        )
        if allowed:
            after = partial(_without, left, group)
            left = after(_fewest(allowed, lambda w: cost.cost(rate_of, w) <= target, after))
        if cost.cost(rate_of, left) <= target:
            break
    return widths - left


def _without(widths: Ints, group: int, removed: int) -> Ints:
    narrower = widths.copy()
    narrower[group] -= removed
    return narrower


def _fewest(allowed: range, reached: Callable[[Ints], bool], after: Callable[[int], Ints]) -> int:
    """Return the smallest allowed count that reaches the target, else the largest.

    Costs never grow with the number removed, so the first that reaches it can be bisected.
    """
    first = bisect_left(allowed, True, key=lambda removed: reached(after(removed)))
    return allowed[min(first, len(allowed) - 1)]
