"""Torch-Pruning's importances, over the layers that make a group's channels only."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch_pruning
from torch import nn

Floats = npt.NDArray[np.float64]


def peer_scores(
    module: nn.Module, image_size: int, importance: Callable[[Any], torch.Tensor], *groups: str
) -> dict[str, Floats]:
    """Return what Torch-Pruning says of the groups of these root layers, reading sides left out."""
    with torch.enable_grad():
        graph = torch_pruning.DependencyGraph().build_dependency(
            module, torch.zeros(1, 3, image_size, image_size), verbose=False
        )
    found = {}
    for name in groups:
        layer = module.get_submodule(name)
        prune_out = graph.get_pruner_of_module(layer).prune_out_channels
        every = list(range(graph.get_out_channels(layer)))
        coupled = graph.get_pruning_group(layer, prune_out, every)
        making = [item for item in coupled if _makes_channels(graph, item.dep)]
        found[name] = importance(making).double().numpy()
    return found


def _makes_channels(graph: Any, dep: Any) -> bool:
    return bool(dep.handler == graph.get_pruner_of_module(dep.target.module).prune_out_channels)
