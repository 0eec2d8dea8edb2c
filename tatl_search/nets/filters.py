"""The filters of a group: the weights that make its units' channels."""

from collections.abc import Iterator

from torch import Tensor, nn

from tatl_search.nets.groups import Axis, Group, Indices, Member
from tatl_search.nets.surgery import resolve

Bank = nn.Conv2d | nn.Linear


def banks(module: nn.Module, group: Group) -> Iterator[tuple[Member, Bank]]:
    """Yield the convolutions and linear layers that make channels of a group.

    Depthwise convolutions are among them; layers that only read the channels are not.
    """
    for member in group.members:
        layer = resolve(module, member.module)
        if member.axis is Axis.OUT and isinstance(layer, Bank):
            yield member, layer


def filters(module: nn.Module, group: Group) -> Iterator[tuple[Tensor, Indices]]:
    """Yield the filters of each of a group's `banks`, without biases.

    Yields:
        (channels, numbers) the weights of each of the layer's channels, and the channels that
        belong to each unit.
    """
    for member, layer in banks(module, group):
        yield layer.weight.detach().flatten(1), member.indices
