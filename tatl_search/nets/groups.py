"""Groups: filters that can only go together, found by Torch-Pruning's dependency graph."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch_pruning
from torch import nn

from tatl_search.nets.graph import dependency_graph
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layer_of, layers_of
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.skeleton import skeleton

Indices = tuple[tuple[int, ...], ...]
Ties = Mapping[tuple[str, Axis], Sequence[int]]


@dataclass(frozen=True)
class Member:
    """One side of one module (or bare Parameter) whose channels belong to a group.

    Attributes:
        module: dotted name of the module or Parameter in the network.
        axis: which side. Normalisations, depthwise convolutions and Parameters count as OUT.
        indices: (width,) tuples: the module's channels that belong to each unit of the group.
    """

    module: str
    axis: Axis
    indices: Indices

    def channels(self, units: Iterable[int]) -> set[int]:
        """Return the module's channels that belong to the given units."""
        return {channel for unit in units for channel in self.indices[unit]}


@dataclass(frozen=True)
class Group:
    """Filters that can only be removed together (DepGraph, Fang et al. 2023, arXiv 2301.12900).

    Attributes:
        name: dotted name of the root layer; stable over rounds of pruning.
        width: number of units; unit i consists of `member.indices[i]` of every member.
        members: every side of every module that a unit touches.
    """

    name: str
    width: int
    members: tuple[Member, ...]


def find_groups(module: nn.Module, image_size: int) -> tuple[Group, ...]:
    """Return the groups of a network in the order in which it defines their root layers.

    What feeds the network's output directly (the classes) is never in a group, and a group that
    is down to a single unit is not listed: nothing of it can go. In a grouped convolution
    (ResNeXt, RegNet) a unit takes one channel from each of its blocks, so that the blocks stay
    equal; down to one channel a block on both sides it is a depthwise one, whose channels can go
    one by one. The network itself is not touched: a copy without weights is traced.

    Args:
        module: any network of images; frozen or not, on any device, in any mode.
        image_size: side in pixels of the square images it gets.

    Raises:
        ValueError: units of one group differ in how many channels of a layer they hold, so that
            widths alone do not say what a network costs.
    """
    copy = skeleton(module)
    ties = _untie(copy)
    graph = dependency_graph(copy, image_size)
    return tuple(group for group in _walk(graph, copy, ties) if group.width > 1)


def _untie(copy: nn.Module) -> Ties:
    """Return which channels of which layers are tied, and make the copy's layers forget it.

    What else is coupled does not depend on it; `_units` brings the ties back.
    """
    ties: dict[tuple[str, Axis], Sequence[int]] = {}
    for name, layer in layers_of(copy).items():
        for axis in Axis:
            tied = layer.ties(axis)
            if tied is not None:
                ties[name, axis] = tied
        if isinstance(layer, Filters):
            layer.join()
    return ties


def _walk(graph: torch_pruning.DependencyGraph, copy: nn.Module, ties: Ties) -> Iterator[Group]:
    names = {part: name for name, part in copy.named_modules()}
    names |= {parameter: name for name, parameter in copy.named_parameters()}
    seen: set[str] = set()
    for root, layer in copy.named_modules():
        is_bank = isinstance(layer_of(layer), Filters)
        if root in seen or not is_bank or layer not in graph.module2node:
            continue
        prune_out = graph.get_pruner_of_module(layer).prune_out_channels
        width = graph.get_out_channels(layer)
        coupled = graph.get_pruning_group(layer, prune_out, list(range(width)))
        members = _members(graph, coupled, names, width)
        seen.update(member.module for member in members if member.axis is Axis.OUT)
        if not _reaches_output(graph, coupled):
            group = _in_units(root, members, ties)
            # At once: with such couplings each later group takes longer than the one before.
            _check_even(group)
            yield group


def _check_even(group: Group) -> None:
    for member in group.members:
        sizes = {len(channels) for channels in member.indices}
        if len(sizes) != 1:
            raise ValueError(
                f"the units of group '{group.name}' hold different numbers of channels of"
                f" '{member.module}': {sorted(sizes)}"
            )


def _members(
    graph: torch_pruning.DependencyGraph,
    coupled: torch_pruning.dependency.Group,
    names: Mapping[object, str],
    width: int,
) -> tuple[Member, ...]:
    members = []
    for item in coupled:
        target = item.dep.target.module
        if target not in names or graph.get_out_channels(item.dep.target) is None:
            continue
        axis = Axis.OUT if _narrows_output(graph, item.dep) else Axis.IN
        channels: list[list[int]] = [[] for _ in range(width)]
        for unit, channel in zip(item.root_idxs, item.idxs, strict=True):
            channels[unit].append(channel)
        members.append(Member(names[target], axis, tuple(map(tuple, channels))))
    return tuple(members)


def _narrows_output(graph: torch_pruning.DependencyGraph, dep: torch_pruning.Dependency) -> bool:
    pruner = graph.get_pruner_of_module(dep.target.module)
    return bool(dep.handler == pruner.prune_out_channels)


def _reaches_output(
    graph: torch_pruning.DependencyGraph, coupled: torch_pruning.dependency.Group
) -> bool:
    """Say whether the network's own output would lose channels with this group."""
    return any(not item.dep.target.outputs and _narrows_output(graph, item.dep) for item in coupled)


def _in_units(root: str, members: tuple[Member, ...], ties: Ties) -> Group:
    """Make one group of coupled channels, merging those that layers tie."""
    units = _units(members, ties)
    merged = tuple(
        Member(
            member.module,
            member.axis,
            tuple(
                tuple(itertools.chain.from_iterable(member.indices[i] for i in unit))
                for unit in units
            ),
        )
        for member in members
    )
    return Group(root, len(units), merged)


def _units(members: tuple[Member, ...], ties: Ties) -> Indices:
    """Return the root channels of each unit, by union-find over what is tied."""
    leader = list(range(len(members[0].indices)))

    def find(channel: int) -> int:
        while leader[channel] != channel:
            channel = leader[channel]
        return channel

    for member in members:
        tied = ties.get((member.module, member.axis))
        if tied is None:
            continue
        first_at: dict[int, int] = {}
        for channel, indices in enumerate(member.indices):
            for index in indices:
                one, other = find(channel), find(first_at.setdefault(tied[index], channel))
                leader[max(one, other)] = min(one, other)
    units: dict[int, list[int]] = {}
    for channel in range(len(leader)):
        units.setdefault(find(channel), []).append(channel)
    return tuple(map(tuple, units.values()))
