"""What a network costs: MACs, parameters, bytes, and all of them as a function of its widths.

MACs are the multiply-accumulates of convolutions and linear layers for one image (torchvision's
convention). Counting runs on a copy without weights and computes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tatl_search.core.costs import CostModel, Floats
from tatl_search.nets.groups import Axis, Group, is_depthwise
from tatl_search.nets.skeleton import Shapes, blank_image, skeleton
from tatl_search.nets.surgery import channel_count, resolve


def count_macs(module: nn.Module, image_size: int) -> int:
    """Return the multiply-accumulates of one image of the given side in pixels."""
    return sum(layer_macs(module, image_size).values())


def count_parameters(module: nn.Module) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


def size_bytes(module: nn.Module) -> int:
    """Return the bytes of everything a network stores: parameters and buffers."""
    return sum(tensor.numel() * tensor.element_size() for tensor in module.state_dict().values())


def layer_macs(module: nn.Module, image_size: int) -> dict[str, int]:
    """Return the multiply-accumulates of each convolution and linear layer for one image."""
    layers = counted_layers(module)
    return {
        name: positions * layers[name].weight.numel()
        for name, positions in _positions(module, image_size).items()
    }


def counted_layers(module: nn.Module) -> dict[str, nn.Conv2d | nn.Linear]:
    """Return the layers that MACs count, by name: convolutions (of any subclass) and linear."""
    return {
        name: layer
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    }


def cost_model(module: nn.Module, groups: Sequence[Group], macs: Mapping[str, int]) -> CostModel:
    """Return the costs of a network as a function of the widths of its groups.

    At the widths of `groups`, and at any narrower ones, the model equals `count_macs` and
    `count_parameters` of the network pruned to those widths.

    Args:
        module: the network as it is now.
        groups: its groups; the model takes widths in their order.
        macs: of each layer, as `layer_macs` counts them.
    """
    counted = counted_layers(module)
    touched = {member.module for group in groups for member in group.members}
    names = [*counted, *sorted(touched - set(counted))]
    widths = np.array([group.width for group in groups], dtype=np.int64)
    per_unit = {axis: _channels_per_unit(names, groups, axis) for axis in Axis}
    layers = [resolve(module, name) for name in names]
    counts = {
        axis: np.array([channel_count(layer, axis) for layer in layers], dtype=np.float64)
        for axis in Axis
    }
    positions = {name: n // counted[name].weight.numel() for name, n in macs.items()}
    kernel_sizes = np.array([_kernel_size(layer) for layer in layers], dtype=np.float64)
    model = CostModel(
        in_per_unit=per_unit[Axis.IN],
        in_fixed=counts[Axis.IN] - per_unit[Axis.IN] @ widths,
        out_per_unit=per_unit[Axis.OUT],
        out_fixed=counts[Axis.OUT] - per_unit[Axis.OUT] @ widths,
        macs_weight=kernel_sizes * [positions.get(name, 0) for name in names],
        weight_size=kernel_sizes,
        channel_size=np.array([_channel_size(layer) for layer in layers], dtype=np.float64),
        depthwise=np.array([is_depthwise(layer) for layer in layers]),
        conv_groups=np.array([getattr(layer, "groups", 1) for layer in layers], dtype=np.float64),
        is_convolution=np.array([isinstance(layer, nn.Conv2d) for layer in layers]),
    )
    return replace(model, fixed_parameters=count_parameters(module) - model.parameters(widths))


def _positions(module: nn.Module, image_size: int) -> dict[str, int]:
    """Return how often each counted layer's weights are applied to one image."""
    copy = skeleton(module)
    positions: dict[str, int] = {}

    def count(name: str, layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        channels = channel_count(layer, Axis.OUT)
        positions[name] = positions.get(name, 0) + output.numel() // channels

    for name, layer in counted_layers(copy).items():
        layer.register_forward_hook(partial(count, name))
    with torch.no_grad(), Shapes():
        copy(blank_image(copy, image_size))
    return positions


def _channels_per_unit(names: Sequence[str], groups: Sequence[Group], axis: Axis) -> Floats:
    """Return (L, G): channels on one side of each layer that a unit of each group accounts for."""
    row = {name: index for index, name in enumerate(names)}
    table = np.zeros((len(names), len(groups)))
    for column, group in enumerate(groups):
        for member in group.members:
            if member.axis is not axis:
                continue
            table[row[member.module], column] += len(member.indices[0])
    return table


def _kernel_size(layer: nn.Module | nn.Parameter) -> int:
    """Return the weights per pair of an input and an output channel."""
    match layer:
        case nn.Conv2d():
            return layer.weight[0, 0].numel()
        case nn.Linear():
            return 1
    return 0


def _channel_size(layer: nn.Module | nn.Parameter) -> float:
    """Return the parameters per output channel."""
    match layer:
        case nn.Conv2d() | nn.Linear():
            return 0 if layer.bias is None else 1
        case nn.Parameter():
            return layer.numel() / channel_count(layer, Axis.OUT)
    return count_parameters(layer) / channel_count(layer, Axis.OUT)
