"""Surgery: remove the units of a plan from a network, physically.

The layers are sliced here and not by Torch-Pruning's own functions: those hand back frozen
parameters as trainable, its LayerNorm function can permute the channels that stay (it sorts
nothing), and `group.prune(idxs=...)` corrupts the graph it belongs to (torch-pruning 1.6.1).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from torch import nn

from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.nets.groups import Group
from tatl_search.nets.layers.known import AnyLayer, layer_at
from tatl_search.nets.layers.layer import Axis


def prune(module: nn.Module, groups: Sequence[Group], plan: PrunePlan) -> None:
    """Remove the units of a plan from a network, in place.

    Each side of each layer is sliced once, with the union of what all groups take from it.
    Parameters are replaced by smaller ones, so an optimiser made before must be made anew;
    train/eval modes and `requires_grad` stay as they are.

    Args:
        module: the network.
        groups: what `find_groups` says of the network as it is now.
        plan: which units of which groups go.

    Raises:
        ValueError: the plan does not fit the groups, or the groups do not fit the network; the
            network is then as it was.
    """
    _check_current(module, groups)
    by_name = {group.name: group for group in groups}
    doomed: dict[tuple[str, Axis], set[int]] = defaultdict(set)
    for removal in plan.removals:
        _check(removal, by_name)
        for member in by_name[removal.group].members:
            doomed[member.module, member.axis] |= member.channels(removal.units)
    cuts = [_cut(module, name, axis, gone) for (name, axis), gone in doomed.items() if gone]
    for cut in cuts:
        cut()


def _check_current(module: nn.Module, groups: Sequence[Group]) -> None:
    """Raise unless the groups' root layers, which hold nothing else, are as wide as they say."""
    for group in groups:
        root = group.members[0]
        stated = sum(map(len, root.indices))
        found = layer_at(module, root.module).channels(root.axis)
        if stated != found:
            raise ValueError(
                f"the groups describe another network: '{root.module}' has {found} channels, not"
                f" {stated}; call find_groups after each surgery"
            )


def _check(removal: GroupRemoval, by_name: dict[str, Group]) -> None:
    group = by_name.get(removal.group)
    if group is None:
        raise ValueError(
            f"the plan prunes group '{removal.group}', which the network does not have;"
            f" its groups are: {', '.join(by_name)}"
        )
    units = set(removal.units)
    if removal.width != group.width or not units <= set(range(group.width)):
        raise ValueError(
            f"the plan was made for {removal.width} units of group '{group.name}' and removes"
            f" {sorted(units)}; the network has {group.width} units there"
        )
    if len(units) == group.width:
        raise ValueError(f"the plan removes all {group.width} units of group '{group.name}'")


def _cut(module: nn.Module, name: str, axis: Axis, gone: set[int]) -> Callable[[], None]:
    """Return the act of removing channels from one side of one layer, once it is known to fit."""
    layer = layer_at(module, name)
    width = layer.channels(axis)
    kept = [channel for channel in range(width) if channel not in gone]
    if not kept or max(gone) >= width:
        raise ValueError(
            f"'{name}' has {width} {axis.value}put channels and would lose {len(gone)}"
        )
    if _tears(layer, axis, gone):
        raise ValueError(f"the blocks of '{name}' would be left unequal")
    return partial(layer.narrow, axis, kept)


def _tears(layer: AnyLayer, axis: Axis, gone: set[int]) -> bool:
    """Say whether channels would go without others that they are tied to."""
    ties = layer.ties(axis)
    if ties is None:
        return False
    return not {ties[i] for i in gone}.isdisjoint(t for i, t in enumerate(ties) if i not in gone)
