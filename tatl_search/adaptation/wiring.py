"""How the network of a stage is wired: traced once, since that takes longer than to choose filters.

A stage is met again and again: as the parent of the next one, and in every trial that shares it.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from tatl_search.nets.cost import layer_macs
from tatl_search.nets.groups import Group, find_groups

KEPT = 8
"""Wirings that a process keeps; that of a large network takes some megabytes."""


@dataclass(frozen=True)
class Wiring:
    """What follows from a network's structure alone.

    Attributes:
        groups: units that go together.
        macs: multiply-accumulates of one image, by layer.
    """

    groups: tuple[Group, ...]
    macs: Mapping[str, int]


_kept: OrderedDict[str, Wiring] = OrderedDict()


def wiring_of(key: str, module: nn.Module, image_size: int) -> Wiring:
    """Return how a stage's network is wired.

    Args:
        key: of the stage; decides the network's structure and the size of its images.
        module: its network.
        image_size: side in pixels of the square images it gets.
    """
    found = _kept.pop(key, None)
    if found is None:
        found = Wiring(find_groups(module, image_size), layer_macs(module, image_size))
    _kept[key] = found  # the last to go
    if len(_kept) > KEPT:
        _kept.popitem(last=False)
    return found
