"""How many units each group gives up in one round.

Step 5 of *our reading* of TATL (Zhong, Li, Okada, Maki 2018, arXiv 1810.01104): walk the groups
by descending priority and take their candidates until the round's pruning rate is reached.
"""

from bisect import bisect_left
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from tatl_search.core.budget import Budget
from tatl_search.core.priority import walking_order

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def allocate(budget: Budget, candidate_counts: Ints, priorities: Floats) -> Ints:
    """Return how many units each of G groups gives up in this round, (G,).

    Each group gives as many of its candidates as the floors allow; the one that reaches the rate
    the fewest that reach it. Costs are recomputed exactly as groups shrink, consumers' inputs
    included. The rate is missed only where all is taken that floors allow.

    Args:
        budget: what is to go.
        candidate_counts: (G,) units the selection offers.
        priorities: (G,) walked in descending order, ties in network order.
    """
    left = budget.widths.copy()
    for group in walking_order(priorities):
        allowed = budget.allowed(group, int(candidate_counts[group]))
        if allowed:
            after = partial(_without, left, group)
            left = after(_fewest(allowed, budget.reached, after))
        if budget.reached(left):
            break
    return budget.widths - left


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
