"""The batch-norms of a group: scales and shifts of its units' channels."""

from collections.abc import Iterator

from torch import nn

from tatl_search.nets.groups import Group, Member
from tatl_search.nets.layers.batch_norm import BatchNorm
from tatl_search.nets.layers.known import layer_at


def batch_norms(module: nn.Module, group: Group) -> Iterator[tuple[Member, BatchNorm]]:
    """Yield the batch-norms that scale channels of a group, each with its side of the group.

    In pre-activation networks (DenseNet) these are the ones of the layers that read the
    channels, one of each reader. Batch-norms without scales are left out.
    """
    for member in group.members:
        layer = layer_at(module, member.module)
        if isinstance(layer, BatchNorm) and layer.module.affine:
            yield member, layer
