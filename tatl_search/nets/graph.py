"""Torch-Pruning's dependency graph, read off a copy of a network without weights."""

from typing import Any

import torch
import torch_pruning
from torch import nn
from torch_pruning.ops import OPTYPE, module2type

from tatl_search.nets.layers.known import layer_of, layers_of
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.skeleton import blank_image


def dependency_graph(copy: nn.Module, image_size: int) -> torch_pruning.DependencyGraph:
    """Trace a copy of a network; kinds of layers that Torch-Pruning does not know are told it.

    Args:
        copy: of the network, on the meta device; it stays in eval mode.
        image_size: side in pixels of the square images it gets.
    """
    foreign: dict[type[nn.Module], Any] = {}
    for layer in layers_of(copy).values():
        if module2type(layer.module) is OPTYPE.ELEMENTWISE:
            foreign[type(layer.module)] = _Passing() if layer.into is None else _Reading()
    with torch.enable_grad():  # the graph is read off autograd's
        return torch_pruning.DependencyGraph().build_dependency(
            copy, blank_image(copy, image_size), customized_pruners=foreign, verbose=False
        )


class _Reading(torch_pruning.BasePruningFunc):  # type: ignore[misc]
    """What Torch-Pruning asks of a layer that makes channels out of others."""

    def prune_out_channels(self, layer: nn.Module, idxs: object) -> nn.Module:
        """Stand for the output side; surgery is done elsewhere."""
        return layer

    def prune_in_channels(self, layer: nn.Module, idxs: object) -> nn.Module:
        """Stand for the input side."""
        return layer

    def get_out_channels(self, layer: nn.Module) -> int:
        """Return how many channels it makes."""
        return _channels(layer, Axis.OUT)

    def get_in_channels(self, layer: nn.Module) -> int:
        """Return how many channels it reads."""
        return _channels(layer, Axis.IN)


class _Passing(_Reading):
    """What it asks of a layer that does something to the channels it is given."""

    prune_in_channels = _Reading.prune_out_channels


def _channels(module: nn.Module, axis: Axis) -> int:
    layer = layer_of(module)
    assert layer is not None
    return layer.channels(axis)
