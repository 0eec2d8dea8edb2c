"""Whether a network can be pruned at all, found out by trying before anything is trained."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.errors import InputError
from tatl_search.nets.activations import mean_activations
from tatl_search.nets.cost import cost_model, layer_macs
from tatl_search.nets.groups import Axis, Group, find_groups
from tatl_search.nets.skeleton import blank_image, skeleton
from tatl_search.nets.surgery import prune, resolve

KEPT = 16
IMAGE_DIMENSIONS = 4  # Torch-Pruning may not come back from rearrangements that use more
TOLERANCE = 1e-8
BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What tracer, surgery and network throw when they do not suit each other."""


def check_supported(module: nn.Module, image_size: int) -> None:
    """Raise unless pruning does to a network what it should, by trying it on a copy.

    The copy is pruned to a few units of every group, and has to run. Then one more unit of every
    group is removed, and it has to compute what it did when nothing read those channels; where
    a layer normalisation looks across channels there is no such equality, and it has to run.

    Args:
        module: the network with the target's head; it is not touched.
        image_size: side in pixels of the square images it will get.

    Raises:
        InputError: the network cannot take such images, cannot be traced, has nothing to prune,
            or breaks when pruned.
    """
    with torch.no_grad():
        try:
            fault = _fault(module, image_size)
        except BROKEN as error:
            fault = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    if fault is not None:
        raise InputError(
            f"{type(module).__name__} cannot be pruned with images of {image_size} x {image_size}"
            f" px ({fault}); choose another network: plain, residual, dense and mobile"
            " convolutional ones work, transformers and channel shuffles do not"
        )


class _Dimensions(TorchFunctionMode):
    """Remembers the most dimensions that any tensor had."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and look at its result."""
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self.most = max(self.most, result.dim())
        return result


def _most_dimensions(module: nn.Module, image_size: int) -> int:
    bare = skeleton(module)
    with _Dimensions() as dimensions:
        bare(blank_image(bare, image_size))
    return int(dimensions.most)


def _fault(module: nn.Module, image_size: int) -> str | None:
    """Return what goes wrong when a copy of a network is pruned, if something does."""
    if _most_dimensions(module, image_size) > IMAGE_DIMENSIONS:
        return "it rearranges channels, as attention and shuffling do"
    trial = copy.deepcopy(module)
    groups = find_groups(trial, image_size)
    if not groups:
        return "it has no channels that could be removed"
    cost_model(trial, groups, layer_macs(trial, image_size))
    prune(trial, groups, PrunePlan(tuple(_all_but(group, KEPT) for group in groups)))
    images = _noise(trial.double(), image_size)
    _settle(trial, images)
    groups = find_groups(trial, image_size)
    mean_activations(trial, groups, [(images, images)])
    if not _removes_what_is_not_read(trial, groups, images):
        return "removing channels changes more than what those channels said"
    if any(_normalised_across(trial, group) for group in groups):
        groups = find_groups(trial, image_size)
        prune(trial, groups, PrunePlan(tuple(_all_but(g, g.width - 1) for g in groups)))
    return None if trial(images).isfinite().all() else "its scores are not finite after pruning"


def _removes_what_is_not_read(trial: nn.Module, groups: Sequence[Group], images: Tensor) -> bool:
    """Say whether removing units that no layer reads leaves the scores as they were."""
    independent = [group for group in groups if not _normalised_across(trial, group)]
    plan = PrunePlan(tuple(_all_but(group, group.width - 1) for group in independent))
    _unread(trial, independent, plan)
    expected: Tensor = trial(images)
    prune(trial, groups, plan)
    change = (trial(images) - expected).abs().max()
    return bool(change <= TOLERANCE * expected.abs().max())


def _all_but(group: Group, count: int) -> GroupRemoval:
    """Return the removal that leaves about so many units of a group, spread evenly over it."""
    kept = {position * group.width // count for position in range(count)}
    gone = tuple(unit for unit in range(group.width) if unit not in kept)
    return GroupRemoval(group.name, gone, group.width, 0.0, len(gone))


def _noise(module: nn.Module, image_size: int) -> Tensor:
    """Return two images (2, 3, S, S) of noise, always the same."""
    like = next(module.parameters())
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, image_size, image_size, generator=generator, dtype=like.dtype)
    return images.to(like.device)


def _settle(trial: nn.Module, images: Tensor) -> None:
    """Give batch normalisations the statistics of real activations, so that every layer speaks.

    Without, the scores of a deep network with random weights hardly depend on its images.
    """
    trial.eval()
    for norm in trial.modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm):
            norm.momentum = 1.0
            norm.train()
    trial(images)
    trial.eval()


def _normalised_across(module: nn.Module, group: Group) -> bool:
    """Say whether what remains of a group depends, through a normalisation, on what goes."""
    return any(isinstance(resolve(module, m.module), nn.LayerNorm) for m in group.members)


def _unread(module: nn.Module, groups: Sequence[Group], plan: PrunePlan) -> None:
    """Zero the weights with which layers read the units of a plan."""
    pruned = plan.pruned_sets()
    for group in groups:
        for member in group.members:
            layer = resolve(module, member.module)
            if member.axis is Axis.OUT or not isinstance(layer, nn.Conv2d | nn.Linear):
                continue
            width = layer.weight.shape[1]  # of one block, in a grouped convolution
            for channel in member.channels(pruned[group.name]):
                layer.weight[:, channel % width] = 0
