"""The filters of a group: the weights that make its units' channels."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from tatl_search.nets.groups import Group, Indices, Member
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layer_at
from tatl_search.nets.layers.layer import Axis


def banks(module: nn.Module, group: Group) -> Iterator[tuple[Member, Filters[Any]]]:
    """Yield the convolutions and linear layers that make channels of a group.

    Depthwise convolutions are among them; layers that only read the channels are not.
    """
    for member in group.members:
        layer = layer_at(module, member.module)
        if member.axis is Axis.OUT and isinstance(layer, Filters):
            yield member, layer


def filters(module: nn.Module, group: Group) -> Iterator[tuple[Tensor, Indices]]:
    """Yield the filters of each of a group's `banks`, without biases.

    Yields:
        (channels, numbers) the weights of each of the layer's channels, and the channels that
        belong to each unit.
    """
    for member, layer in banks(module, group):
        yield layer.by_output(), member.indices
