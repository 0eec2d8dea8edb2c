"""The filters of a group: the weights that make its units' channels."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch import nn

from tatl_search.nets.groups import Axis, Group, Indices

BANKS = (nn.Conv2d, nn.Linear)


def filters(module: nn.Module, group: Group) -> Iterator[tuple[npt.NDArray[np.float64], Indices]]:
    """Yield the filters of each convolution and linear layer that makes channels of a group.

    These are the weights whose *output* the channels are, those of depthwise convolutions
    included; biases, normalisations and the weights that read the channels are not.

    Yields:
        (channels, numbers) the weights of each of the layer's channels, and the channels that
        belong to each unit.
    """
    for member in group.members:
        if member.axis is Axis.OUT and (layer := _bank(module, member.module)):
            yield layer.weight.detach().flatten(1).double().cpu().numpy(), member.indices


def _bank(module: nn.Module, name: str) -> nn.Conv2d | nn.Linear | None:
    """Return the layer of this name; None for a bare Parameter or a layer without filters."""
    owner, _, leaf = name.rpartition(".")
    layer = getattr(module.get_submodule(owner), leaf)
    return layer if isinstance(layer, BANKS) else None
