"""The normalisations of a group: scales and shifts of its units' channels."""

from collections.abc import Iterator

from torch import nn

from tatl_search.nets.groups import Group, Member
from tatl_search.nets.layers.batch_norm import BatchNorm
from tatl_search.nets.layers.known import AnyLayer, layer_at
from tatl_search.nets.layers.norm import Norm


def scaling_norms(module: nn.Module, group: Group) -> Iterator[tuple[Member, AnyLayer]]:
    """Yield the normalisations that scale channels of a group, likewise, of whatever kind.

    Those across channels are left out: their scales are a poor gate, since what they divide by
    hangs on all channels.
    """
    for member in group.members:
        layer = layer_at(module, member.module)
        if isinstance(layer, Norm) and not layer.across and layer.gate():
            yield member, layer


def batch_norms(module: nn.Module, group: Group) -> Iterator[tuple[Member, BatchNorm]]:
    """Yield the batch-norms that scale channels of a group, each with its side of the group.

    In pre-activation networks (DenseNet) these are the ones of the layers that read the
    channels, one of each reader. Batch-norms without scales are left out.
    """
    for member in group.members:
        layer = layer_at(module, member.module)
        if isinstance(layer, BatchNorm) and layer.module.affine:
            yield member, layer
