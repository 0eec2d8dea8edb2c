"""Surgery: remove the units of a plan from a network, physically.

The layers are sliced here and not by Torch-Pruning's own functions: those hand back frozen
parameters as trainable, its LayerNorm function can permute the channels that stay (it sorts
nothing), and `group.prune(idxs=...)` corrupts the graph it belongs to (torch-pruning 1.6.1).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.nets.groups import Axis, Group, is_depthwise


def prune(module: nn.Module, groups: Sequence[Group], plan: PrunePlan) -> None:
    """Remove the units of a plan from a network, in place.

    Each side of each layer is sliced once, with the union of what all groups take from it.
    Parameters are replaced by smaller ones, so an optimiser made before must be made anew;
    train/eval modes and `requires_grad` stay as they are.

    Args:
        module: the network.
        groups: what `find_groups` says of the network as it is now.
        plan: which units of which groups go.

    Raises:
        ValueError: the plan does not fit the groups, or the groups do not fit the network; the
            network is then as it was.
    """
    _check_current(module, groups)
    by_name = {group.name: group for group in groups}
    doomed: dict[tuple[str, Axis], set[int]] = defaultdict(set)
    for removal in plan.removals:
        _check(removal, by_name)
        for member in by_name[removal.group].members:
            doomed[member.module, member.axis] |= member.channels(removal.units)
    cuts = [_cut(module, name, axis, gone) for (name, axis), gone in doomed.items() if gone]
    for cut in cuts:
        cut()


def _check_current(module: nn.Module, groups: Sequence[Group]) -> None:
    """Raise unless the groups' root layers, which hold nothing else, are as wide as they say."""
    for group in groups:
        root = group.members[0]
        stated, found = (
            sum(map(len, root.indices)),
            channel_count(resolve(module, root.module), root.axis),
        )
        if stated != found:
            raise ValueError(
                f"the groups describe another network: '{root.module}' has {found} channels, not"
                f" {stated}; call find_groups after each surgery"
            )


def _check(removal: GroupRemoval, by_name: dict[str, Group]) -> None:
    group = by_name.get(removal.group)
    if group is None:
        raise ValueError(
            f"the plan prunes group '{removal.group}', which the network does not have;"
            f" its groups are: {', '.join(by_name)}"
        )
    units = set(removal.units)
    if removal.width != group.width or not units <= set(range(group.width)):
        raise ValueError(
            f"the plan was made for {removal.width} units of group '{group.name}' and removes"
            f" {sorted(units)}; the network has {group.width} units there"
        )
    if len(units) == group.width:
        raise ValueError(f"the plan removes all {group.width} units of group '{group.name}'")


def _cut(module: nn.Module, name: str, axis: Axis, gone: set[int]) -> Callable[[], None]:
    """Return the act of removing channels from one side of one layer, once it is known to fit."""
    target = resolve(module, name)
    width = channel_count(target, axis)
    kept = [channel for channel in range(width) if channel not in gone]
    if not kept or max(gone) >= width:
        raise ValueError(
            f"'{name}' has {width} {axis.value}put channels and would lose {len(gone)}"
        )
    if isinstance(target, nn.Conv2d) and not is_depthwise(target):
        _check_blocks(name, target.groups, width, kept)
    if isinstance(target, nn.Parameter):
        smaller = _sliced(target, channel_dim(target), kept)
        return lambda: _replace(module, name, smaller)
    return lambda: _narrow(target, axis, kept)


def resolve(module: nn.Module, name: str) -> nn.Module | nn.Parameter:
    """Return the layer or bare Parameter of the given dotted name."""
    owner, _, leaf = name.rpartition(".")
    target: nn.Module | nn.Parameter = getattr(module.get_submodule(owner), leaf)
    return target


def _replace(module: nn.Module, name: str, parameter: Tensor) -> None:
    owner, _, leaf = name.rpartition(".")
    setattr(module.get_submodule(owner), leaf, parameter)


def _check_blocks(name: str, blocks: int, width: int, kept: Sequence[int]) -> None:
    """Raise unless every block of a grouped convolution keeps the same positions."""
    if len(kept) != blocks * len({channel % (width // blocks) for channel in kept}):
        raise ValueError(f"the {blocks} blocks of '{name}' would be left unequal")


def channel_dim(parameter: Tensor) -> int:
    """Return the dimension of a bare Parameter that runs over channels: the last that is not 1.

    It is the one Torch-Pruning's graph assumes.
    """
    return max((i for i, size in enumerate(parameter.shape) if size > 1), default=0)


def channel_count(target: nn.Module | Tensor, axis: Axis) -> int:
    """Return how many channels one side of a layer or bare Parameter has.

    Raises:
        ValueError: this kind of layer cannot be narrowed.
    """
    out = axis is Axis.OUT
    match target:
        case nn.Conv2d():
            return target.out_channels if out else target.in_channels
        case nn.Linear():
            return target.out_features if out else target.in_features
        case nn.modules.batchnorm._BatchNorm():
            return target.num_features
        case nn.LayerNorm() if len(target.normalized_shape) == 1:
            return target.normalized_shape[0]
        case Tensor():
            return target.shape[channel_dim(target)]
    raise ValueError(f"layers of type {type(target).__name__} cannot be narrowed")


def _narrow(layer: nn.Module, axis: Axis, kept: list[int]) -> None:
    """Keep only the given channels of one side of a layer."""
    match layer:
        case nn.Conv2d() if is_depthwise(layer):
            _slice(layer, ("weight", "bias"), 0, kept)
            layer.in_channels = layer.out_channels = layer.groups = len(kept)
        case nn.Conv2d() if axis is Axis.OUT:
            _slice(layer, ("weight", "bias"), 0, kept)
            layer.out_channels = len(kept)
        case nn.Conv2d():
            _slice(layer, ("weight",), 1, kept[: len(kept) // layer.groups])
            layer.in_channels = len(kept)
        case nn.Linear() if axis is Axis.OUT:
            _slice(layer, ("weight", "bias"), 0, kept)
            layer.out_features = len(kept)
        case nn.Linear():
            _slice(layer, ("weight",), 1, kept)
            layer.in_features = len(kept)
        case nn.modules.batchnorm._BatchNorm():
            _slice(layer, ("weight", "bias", "running_mean", "running_var"), 0, kept)
            layer.num_features = len(kept)
        case nn.LayerNorm():
            _slice(layer, ("weight", "bias"), 0, kept)
            layer.normalized_shape = (len(kept),)


def _slice(layer: nn.Module, names: Sequence[str], dim: int, kept: list[int]) -> None:
    for name in names:
        tensor = getattr(layer, name)
        if tensor is not None:
            setattr(layer, name, _sliced(tensor, dim, kept))


def _sliced(tensor: Tensor, dim: int, kept: list[int]) -> Tensor:
    """Return the kept slices, as a Parameter that is as trainable as the tensor was."""
    index = torch.tensor(kept, device=tensor.device)
    smaller = tensor.detach().index_select(dim, index)
    if tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last):
        smaller = smaller.contiguous(memory_format=torch.channels_last)
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(smaller, requires_grad=tensor.requires_grad)
    return smaller
