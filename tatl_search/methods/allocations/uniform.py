"""Uniform allocation: every group gives up the same share of the units it has left."""

from collections.abc import Mapping

from tatl_search.core.levels import removals_below, share_levels
from tatl_search.methods.allocations.planning import budget_of, plan_of, told, weakest
from tatl_search.methods.context import Allocation, Choice, Context, Floats


def _allocate(context: Context, scores: Mapping[str, Floats]) -> Choice:
    """Remove the smallest share of every group that reaches the rate, its lowest scores first.

    A group gives the largest whole number of units within the share that floors allow. Where
    some groups are at their floor the share of the others grows.
    """
    counts = [group.width if told(scores[group.name]) else 0 for group in context.groups]
    gone = removals_below(budget_of(context), share_levels(counts))
    return Choice(plan_of(context, scores, weakest(context, scores, gone)))


uniform = Allocation("uniform", _allocate)
