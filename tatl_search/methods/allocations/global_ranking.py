"""Global allocation: one ranking of all units of the network, whichever group they are of."""

from collections.abc import Mapping

import numpy as np

from tatl_search.core.levels import global_levels, removals_below
from tatl_search.methods.allocations.planning import budget_of, plan_of, told, weakest
from tatl_search.methods.context import Allocation, Choice, Context, Floats


def _allocate(context: Context, scores: Mapping[str, Floats]) -> Choice:
    """Remove the lowest scores of the whole network until the rate is reached.

    Costs are exact at every step and consumers' inputs count. Groups at their floor give no
    more, and the ranking is walked on without them. Whether scores of different groups can be
    compared is for the scores, or `prune.normalize`, to see to.
    """
    offered = [
        scores[group.name] if told(scores[group.name]) else np.empty(0) for group in context.groups
    ]
    gone = removals_below(budget_of(context), global_levels(offered))
    return Choice(plan_of(context, scores, weakest(context, scores, gone)))


global_ranking = Allocation("global", _allocate)
