"""TATL's allocation: the cumulative threshold offers units, the priority orders the groups.

Zhong, Li, Okada, Maki: "Target Aware Network Adaptation for Efficient Representation Learning"
(ECCV workshops 2018, arXiv 1810.01104). The abstract names its two ideas, the cumulative sum of
activation statistics and the priority across layers; how they work together here is *our
reading*.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tatl_search.config import PriorityWeights
from tatl_search.core.allocation import allocate
from tatl_search.core.costs import CostModel
from tatl_search.core.priority import priorities, walking_order
from tatl_search.core.selection import candidate_units
from tatl_search.methods.allocations.planning import Removed, budget_of, plan_of
from tatl_search.methods.context import Allocation, Choice, Context, Floats, Ints


def _allocate(context: Context, scores: Mapping[str, Floats]) -> Choice:
    """Choose the units that go in one round by threshold, priority and rate.

    The cumulative threshold offers candidates in every group, the priority orders the groups,
    and candidates are taken, weakest first, until the pruning rate is reached. The plan's notes
    name groups left alone because they are dead or have a non-finite score, and a rate missed.
    """
    settings, widths = context.settings, context.widths
    offers = [candidate_units(scores[g.name], settings.threshold) for g in context.groups]
    counts = np.array([len(offer) for offer in offers], dtype=np.int64)
    ranks = _priorities(context.cost, widths, counts, settings.priority)
    gone = allocate(budget_of(context), counts, ranks)
    removed = [
        Removed(group, offers[group][: gone[group]], float(ranks[group]), int(counts[group]))
        for group in walking_order(ranks)
    ]
    return Choice(plan_of(context, scores, removed))


priority = Allocation("priority", _allocate)


def _priorities(
    cost: CostModel, widths: Ints, counts: Ints, weights: PriorityWeights
) -> npt.NDArray[np.float64]:
    """Return the groups' priorities, savings being those of all of a group's candidates."""
    without = [
        widths - np.where(np.arange(len(widths)) == at, counts, 0) for at in range(len(widths))
    ]
    return priorities(
        redundancy=counts / widths,
        macs_saved=np.array(
            [cost.macs(widths) - cost.macs(left) for left in without], dtype=np.float64
        ),
        parameters_saved=np.array(
            [cost.parameters(widths) - cost.parameters(left) for left in without], dtype=np.float64
        ),
        has_candidates=counts > 0,
        weights=weights,
    )
