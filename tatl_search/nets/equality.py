"""Whether removing units does to a network what it should: trials on a copy, compared exactly."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.nets.groups import Group, find_groups
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layer_at
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.surgery import prune

TOLERANCE = 1e-8


def removes_what_is_not_read(trial: nn.Module, groups: Sequence[Group], images: Tensor) -> bool:
    """Say whether removing units that no layer reads leaves the scores as they were."""
    independent = [group for group in groups if not _normalised_across(trial, group)]
    plan = PrunePlan(tuple(all_but(group, group.width - 1) for group in independent))
    return _leaves_scores(trial, groups, plan, images)


def removes_twins(trial: nn.Module, images: Tensor) -> bool:
    """Say whether removing one of each two equal units, unread, leaves the scores as they were.

    A normalisation across channels then takes the same means before and after.
    """
    side = images.shape[-1]
    coupled = [g for g in find_groups(trial, side) if _normalised_across(trial, g)]
    odd = tuple(all_but(group, group.width - 1) for group in coupled if group.width % 2)
    prune(trial, coupled, PrunePlan(odd))
    coupled = [g for g in find_groups(trial, side) if _normalised_across(trial, g)]
    plan = PrunePlan(tuple(_without(group, range(1, group.width, 2)) for group in coupled))
    for group in coupled:
        _make_twins(trial, group)
    return _leaves_scores(trial, coupled, plan, images)


def _leaves_scores(
    trial: nn.Module, groups: Sequence[Group], plan: PrunePlan, images: Tensor
) -> bool:
    """Say whether a network computes the same without the units of a plan, once nobody reads them.

    The network is pruned.
    """
    _unread(trial, groups, plan)
    expected: Tensor = trial(images)
    prune(trial, groups, plan)
    change = (trial(images) - expected).abs().max()
    return bool(change <= TOLERANCE * expected.abs().max())


def all_but(group: Group, count: int) -> GroupRemoval:
    """Return the removal that leaves about so many units of a group, spread evenly over it."""
    kept = {position * group.width // count for position in range(count)}
    return _without(group, (unit for unit in range(group.width) if unit not in kept))


def _without(group: Group, units: Iterable[int]) -> GroupRemoval:
    """Return the removal of the given units of a group."""
    gone = tuple(units)
    return GroupRemoval(group.name, gone, group.width, 0.0, len(gone))


def _normalised_across(module: nn.Module, group: Group) -> bool:
    """Say whether what remains of a group depends, through a normalisation, on what goes."""
    return any(layer_at(module, member.module).across for member in group.members)


def _make_twins(module: nn.Module, group: Group) -> None:
    """Make every second unit of a group equal to the one before it."""
    for member in (member for member in group.members if member.axis is Axis.OUT):
        layer = layer_at(module, member.module)
        for unit in range(1, group.width, 2):
            twin, like = list(member.indices[unit]), list(member.indices[unit - 1])
            for tensor, dim in layer.by_channel():
                copied = tensor.index_select(dim, torch.tensor(like))
                tensor.index_copy_(dim, torch.tensor(twin), copied)


def _unread(module: nn.Module, groups: Sequence[Group], plan: PrunePlan) -> None:
    """Zero the weights with which layers read the units of a plan."""
    pruned = plan.pruned_sets()
    for group in groups:
        for member in group.members:
            layer = layer_at(module, member.module)
            if member.axis is Axis.OUT or not isinstance(layer, Filters):
                continue
            reading = layer.reading()  # of one block, in a grouped convolution
            for channel in member.channels(pruned.get(group.name, ())):
                reading[channel % len(reading)] = 0
