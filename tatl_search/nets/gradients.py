"""What the loss would do, to first order, if a unit went."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.nets.filters import banks
from tatl_search.nets.groups import Group, Indices, Member
from tatl_search.nets.layers.known import AnyLayer
from tatl_search.nets.scales import scaling_norms
from tatl_search.nets.skeleton import eval_mode
from tatl_search.nets.units import unit_sums

Floats = npt.NDArray[np.float64]

BATCH = 32


def squared_effects(
    module: nn.Module, groups: Sequence[Group], batches: Iterable[tuple[Tensor, Tensor]]
) -> dict[str, Floats]:
    """Return each unit's squared first-order effect on the loss, the mean over batches.

    The effect of a unit is the gradient of the cross-entropy with respect to a gate on it: the
    sum of p * dL/dp over the scales and shifts of its batch-norms (or other normalisations of
    each channel by itself) or, in a group without them, over its filters and biases. Gradients
    are taken in eval mode over batches of `BATCH` images;
    a smaller last one counts by its images.

    Args:
        module: the network; weights, modes, `requires_grad` and gradients stay as they are.
        groups: what `find_groups` says of it.
        batches: images (B, 3, H, W) on the network's device, and labels (B,).

    Returns:
        Group name -> (width,) numbers >= 0, unless gradients are not finite.

    Raises:
        ValueError: there are no images.
    """
    levers = {group.name: _levers(module, group) for group in groups}
    dims = {lever.name: lever.dim for of_group in levers.values() for lever in of_group}
    sums = {group.name: np.zeros(group.width) for group in groups}
    seen = 0
    with eval_mode(module), torch.enable_grad():
        for images, labels in small_batches(batches):
            effects = _effects(module, dims, images, labels)
            for group, of_group in levers.items():
                sums_of_units = [
                    unit_sums(effects[lever.name], lever.indices) for lever in of_group
                ]
                effect = np.sum(sums_of_units, axis=0)
                sums[group] += len(labels) * np.square(effect)
            seen += len(labels)
    if not seen:
        raise ValueError("gradients need at least one image")
    return {group: total / seen for group, total in sums.items()}


def gate_layers(module: nn.Module, group: Group) -> list[tuple[Member, AnyLayer]]:
    """Return the layers that scale a group's channels: norms or, without any, its banks.

    Scaling all that their `gate` names of a channel of theirs scales the channel.
    """
    found: list[tuple[Member, AnyLayer]] = [*scaling_norms(module, group)]
    return found or [*banks(module, group)]


@dataclass(frozen=True)
class _Lever:
    """A Parameter, its dimension of channels, and those that belong to each unit."""

    name: str
    dim: int
    indices: Indices


def _levers(module: nn.Module, group: Group) -> list[_Lever]:
    """Return the Parameters that together act as a gate on each unit."""
    return [
        _Lever(f"{member.module}.{name}", dim, member.indices)
        for member, layer in gate_layers(module, group)
        for name, (_, dim) in layer.gate().items()
    ]


def small_batches(batches: Iterable[tuple[Tensor, Tensor]]) -> Iterable[tuple[Tensor, Tensor]]:
    """Cut batches into pieces of at most `BATCH` images, so that gradients fit into memory."""
    for images, labels in batches:
        yield from zip(torch.split(images, BATCH), torch.split(labels, BATCH), strict=True)


def _effects(
    module: nn.Module, dims: Mapping[str, int], images: Tensor, labels: Tensor
) -> Mapping[str, Floats]:
    """Return (channels,) of each Parameter of `dims`: the sum of p * dL/dp over a channel."""
    stand_ins = {name: module.get_parameter(name).detach().requires_grad_() for name in dims}
    scores = torch.func.functional_call(module, stand_ins, (images,))
    loss = F.cross_entropy(scores, labels)
    gradients = torch.autograd.grad(loss, list(stand_ins.values()), materialize_grads=True)
    effects = [
        _over_channel(value.detach() * gradient, dim)
        for value, gradient, dim in zip(stand_ins.values(), gradients, dims.values(), strict=True)
    ]
    at_once = torch.cat(effects).detach().double().cpu().numpy()  # one wait for the device
    ends = np.cumsum([len(effect) for effect in effects])[:-1]
    return dict(zip(dims, np.split(at_once, ends), strict=True))


def _over_channel(values: Tensor, dim: int) -> Tensor:
    """Return (channels,) sums over all dimensions but one."""
    return values.movedim(dim, 0).flatten(1).sum(1) if values.dim() > 1 else values
