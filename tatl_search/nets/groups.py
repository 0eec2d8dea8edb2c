"""Groups: filters that can only go together, found by Torch-Pruning's dependency graph."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from torch import nn

from tatl_search.nets.coupling import Coupled, coupled_sets
from tatl_search.nets.graph import dependency_graph
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layers_of
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


@dataclass(frozen=True)
class Survey:
    """What of a network can be pruned.

    Attributes:
        groups: what `find_groups` returns.
        left: layer -> why what it makes stays as it is, for people.
    """

    groups: tuple[Group, ...]
    left: Mapping[str, str]


def find_groups(module: nn.Module, image_size: int) -> tuple[Group, ...]:
    """Return the groups of a network in the order in which it defines their root layers.

    What feeds the network's output directly (the classes) is never in a group, and a group that
    is down to a single unit is not listed: nothing of it can go. In a grouped convolution
    (ResNeXt, RegNet) a unit takes one channel from each of its blocks, so that the blocks stay
    equal; down to one channel a block on both sides it is a depthwise one, whose channels can go
    one by one. The network itself is not touched: a copy without weights is traced.

    Where the units of what hangs together differ in the layers they touch (where a whole is added
    to two halves that were joined) there is a group for each kind of unit. What cannot be followed
    to its end is left alone; `survey` says why.

    Args:
        module: any network of images; frozen or not, on any device, in any mode.
        image_size: side in pixels of the square images it gets.
    """
    return survey(module, image_size).groups


def survey(module: nn.Module, image_size: int) -> Survey:
    """Return the groups of a network, and what is in none and why."""
    copy = skeleton(module)
    ties = _untie(copy)
    found = list(coupled_sets(dependency_graph(copy, image_size)))
    for coupled in found:
        coupled.fault = coupled.fault or _torn(coupled, ties)
    _spread_faults(found)
    split = [
        group
        for coupled in found
        if coupled.fault is None and not coupled.is_output
        for group in _split(coupled, ties)
    ]
    left = {coupled.root: coupled.fault for coupled in found if coupled.fault is not None}
    return Survey(tuple(group for group in split if group.width > 1), left)


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


def _torn(coupled: Coupled, ties: Ties) -> str | None:
    """Return which layer ties channels that are coupled to others that are not, if one does."""
    for side, of_layer in coupled.channels.items():
        tied, own = ties.get(side), set(chain(*of_layer))
        if tied is not None:
            numbers = {tied[channel] for channel in own}
            if any(number in numbers for i, number in enumerate(tied) if i not in own):
                return f"'{side[0]}' ties its channels to those of another layer"
    return None


def _spread_faults(found: Sequence[Coupled]) -> None:
    """Find at fault as well what shares channels with what is at fault."""
    faulty = [coupled for coupled in found if coupled.fault is not None]
    while faulty:
        stuck = faulty.pop()
        for coupled in found:
            if coupled.fault is None and _touch(coupled, stuck):
                coupled.fault = stuck.fault
                faulty.append(coupled)


def _touch(one: Coupled, other: Coupled) -> bool:
    return any(
        not set(chain(*one.channels[side])).isdisjoint(chain(*other.channels[side]))
        for side in one.channels.keys() & other.channels.keys()
    )


def _split(coupled: Coupled, ties: Ties) -> Iterator[Group]:
    """Yield a group for each kind of unit; a kind that no layer is all of stays as it is."""
    kinds: dict[tuple[int, ...], list[list[tuple[int, ...]]]] = defaultdict(list)
    for unit in _units(coupled, ties):
        parts = [_channels(of_layer, unit) for of_layer in coupled.channels.values()]
        kinds[tuple(map(len, parts))].append(parts)
    for sizes, units in kinds.items():
        members = [
            Member(name, axis, tuple(parts[place] for parts in units))
            for place, (name, axis) in enumerate(coupled.channels)
            if sizes[place]
        ]
        if len(kinds) == 1:
            yield Group(coupled.root, len(units), tuple(members))
        elif named := _named(members, coupled):
            yield named


def _channels(of_layer: Sequence[Sequence[int]], unit: Sequence[int]) -> tuple[int, ...]:
    """Return the channels of a side that go with some of the root's, each once."""
    return tuple(dict.fromkeys(chain.from_iterable(of_layer[i] for i in unit)))


def _named(members: Sequence[Member], coupled: Coupled) -> Group | None:
    """Return a group of some units, named by a layer that makes nothing but those."""
    for member in members:
        of_layer = set(chain(*coupled.channels[member.module, member.axis]))
        if member.axis is Axis.OUT and len(of_layer) == sum(map(len, member.indices)):
            others = (other for other in members if other is not member)
            return Group(member.module, len(member.indices), (member, *others))
    return None


def _units(coupled: Coupled, ties: Ties) -> Indices:
    """Return the root channels of each unit, by union-find over what goes together.

    Those go together that meet in one channel of some layer, or in channels which that layer ties.
    """
    leader = list(range(coupled.width))

    def find(channel: int) -> int:
        while leader[channel] != channel:
            channel = leader[channel]
        return channel

    for side, of_layer in coupled.channels.items():
        tied = ties.get(side)
        first_at: dict[int, int] = {}
        for channel, indices in enumerate(of_layer):
            for index in indices:
                place = tied[index] if tied is not None else index
                one, other = find(channel), find(first_at.setdefault(place, channel))
                leader[max(one, other)] = min(one, other)
    units: dict[int, list[int]] = defaultdict(list)
    for channel in range(coupled.width):
        units[find(channel)].append(channel)
    return tuple(map(tuple, units.values()))
