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
from tatl_search.nets.groups import Group
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layer_at, layers_of
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.skeleton import Shapes, blank_image, skeleton


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


def counted_layers(module: nn.Module) -> dict[str, Filters[Any]]:
    """Return the layers that MACs count, by name: convolutions (of any subclass) and linear."""
    return {n: layer for n, layer in layers_of(module).items() if isinstance(layer, Filters)}


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
    layers = [layer_at(module, name) for name in names]
    banks = [layer if isinstance(layer, Filters) else None for layer in layers]
    counts = {
        axis: np.array([layer.channels(axis) for layer in layers], dtype=np.float64)
        for axis in Axis
    }
    positions = {name: n // counted[name].weight.numel() for name, n in macs.items()}
    kernel_sizes = np.array([layer.weights_per_pair() for layer in layers], dtype=np.float64)
    model = CostModel(
        in_per_unit=per_unit[Axis.IN],
        in_fixed=counts[Axis.IN] - per_unit[Axis.IN] @ widths,
        out_per_unit=per_unit[Axis.OUT],
        out_fixed=counts[Axis.OUT] - per_unit[Axis.OUT] @ widths,
        macs_weight=kernel_sizes * [positions.get(name, 0) for name in names],
        weight_size=kernel_sizes,
        channel_size=np.array([layer.parameters_per_channel() for layer in layers]),
        depthwise=np.array([bank is not None and bank.is_depthwise for bank in banks]),
        conv_groups=np.array([bank.blocks if bank else 1 for bank in banks], dtype=np.float64),
        is_convolution=np.array([bank is not None and bank.is_convolution for bank in banks]),
    )
    return replace(model, fixed_parameters=count_parameters(module) - model.parameters(widths))


def _positions(module: nn.Module, image_size: int) -> dict[str, int]:
    """Return how often each counted layer's weights are applied to one image."""
    copy = skeleton(module)
    positions: dict[str, int] = {}

    def count(
        name: str, layer: Filters[Any], _: nn.Module, given: tuple[Tensor, ...], made: Tensor
    ) -> None:
        positions[name] = positions.get(name, 0) + layer.positions(given[0], made)

    for name, layer in counted_layers(copy).items():
        layer.module.register_forward_hook(partial(count, name, layer))
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
