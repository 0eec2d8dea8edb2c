"""Isomorphic allocation: one ranking for each kind of group (Fang et al., ECCV 2024).

Scores of groups that differ in what they are made of, such as the hidden channels of a block and
those that run along its shortcuts, cannot be compared. So units are ranked only among groups of
equal topology, and every kind gives up the same share of its units (arXiv 2407.04616).
"""

from collections.abc import Mapping

import numpy as np
from torch import nn

from tatl_search.core.levels import global_levels, removals_below
from tatl_search.methods.allocations.planning import budget_of, plan_of, told, weakest
from tatl_search.methods.context import Allocation, Choice, Context, Floats
from tatl_search.nets.groups import Group
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layer_at

Topology = tuple[tuple[str, str, bool], ...]
"""Sorted, of each member: type of its layer, which side, whether depthwise."""


def topology(module: nn.Module, group: Group) -> Topology:
    """Return what a group is made of: our reading of an isomorphic graph, without its edges.

    Args:
        module: the network.
        group: one of its groups.
    """
    layers = dict(module.named_modules())
    found = []
    for member in group.members:
        layer = layers.get(member.module)  # null: a bare Parameter
        seen = layer_at(module, member.module)
        is_depthwise = isinstance(seen, Filters) and seen.is_depthwise
        found.append((type(layer).__name__, member.axis.value, is_depthwise))
    return tuple(sorted(found))


def _allocate(context: Context, scores: Mapping[str, Floats]) -> Choice:
    """Remove the smallest share of every kind that reaches the rate, its lowest scores first.

    Where groups of a kind are at their floor its others give more, and so do other kinds.
    """
    kinds: dict[Topology, list[int]] = {}
    for at, group in enumerate(context.groups):
        if told(scores[group.name]):
            kinds.setdefault(topology(context.module, group), []).append(at)
    levels: list[Floats] = [np.empty(0) for _ in context.groups]
    for kind in kinds.values():
        places = global_levels([scores[context.groups[at].name] for at in kind])
        units = sum(map(len, places))
        for at, place in zip(kind, places, strict=True):
            levels[at] = (place + 1) / units
    gone = removals_below(budget_of(context), levels)
    return Choice(plan_of(context, scores, weakest(context, scores, gone)))


isomorphic = Allocation("isomorphic", _allocate)
