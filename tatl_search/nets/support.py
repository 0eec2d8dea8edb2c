"""Whether a network can be pruned at all, found out by trying before anything is trained."""

import copy
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tatl_search.core.plan import PrunePlan
from tatl_search.errors import InputError
from tatl_search.meanwhile import meanwhile
from tatl_search.nets.activations import mean_activations
from tatl_search.nets.cost import cost_model, layer_macs
from tatl_search.nets.cpu_limit import TooLongError, cpu_limit
from tatl_search.nets.equality import all_but, removes_twins, removes_what_is_not_read
from tatl_search.nets.groups import find_groups
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layers_of
from tatl_search.nets.reasons import first_line
from tatl_search.nets.redraw import redraw_constants
from tatl_search.nets.skeleton import blank_image, skeleton
from tatl_search.nets.surgery import prune

KEPT = 16
IMAGE_DIMENSIONS = 4  # Torch-Pruning may not come back from rearrangements that use more
LONGEST_S = 240.0
"""CPU time of a trial; the slowest networks that can be pruned (DenseNet-201) take a sixth."""
SAYING_S, SAYINGS = 2.0, 5
"""After how long a first word is said, and of how many such times one is heard."""

logger = logging.getLogger(__name__)


def check_supported(module: nn.Module, image_size: int) -> None:
    """Raise unless pruning does to a network what it should, by trying it on a copy.

    The copy is pruned to a few units of every group, and has to run. Then one more unit of every
    group is removed, and it has to compute what it did when nothing read those channels. Where
    a normalisation looks across channels, half of the units go, each the equal of one that stays.
    Parameters that start at a constant are drawn anew, so that the verdict does not hang on them.

    Args:
        module: the network with the target's head; it is not touched.
        image_size: side in pixels of the square images it will get.

    Raises:
        InputError: the network cannot take such images, cannot be traced, has nothing to prune,
            breaks when pruned, or takes too long to find out.
    """
    with torch.no_grad(), _heard_of(type(module).__name__):
        try:
            with cpu_limit(LONGEST_S):
                fault = _fault(module, image_size)
        except TooLongError:
            fault = f"to find out how its channels are coupled takes more than {LONGEST_S:g} s"
        except Exception as error:  # noqa: BLE001 - tracer and foreign layers throw what they like
            fault = f"{type(error).__name__}: {first_line(error)}"
    if fault is not None:
        raise InputError(
            f"{type(module).__name__} cannot be pruned with images of {image_size} x {image_size}"
            f" px ({fault}); choose another network: plain, residual, dense and mobile"
            " convolutional ones work, transformers and channel shuffles do not"
        )


@contextmanager
def _heard_of(name: str) -> Iterator[None]:
    """Say that a trial goes on, and for how long it has, when it takes longer than most."""
    began, sayings = time.monotonic(), count()

    def say() -> None:
        if next(sayings) % SAYINGS == 0:
            past = time.monotonic() - began
            logger.warning("%s: trying out whether it can be pruned, %.0f s so far", name, past)

    with meanwhile(say, SAYING_S):
        yield


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
    prune(trial, groups, PrunePlan(tuple(all_but(group, KEPT) for group in groups)))
    images = _noise(trial.double(), image_size)
    redraw_constants(trial)
    _settle(trial, images)
    groups = find_groups(trial, image_size)
    mean_activations(trial, groups, [(images, images)])
    _take_apart(trial)
    if not (removes_what_is_not_read(trial, groups, images) and removes_twins(trial, images)):
        return "removing channels changes more than what those channels said"
    return None if trial(images).isfinite().all() else "its scores are not finite after pruning"


def _take_apart(trial: nn.Module) -> None:
    """Put plain layers in the place of those whose weights hang on each other."""
    for name, layer in layers_of(trial).items():
        plain = layer.plain() if isinstance(layer, Filters) else None
        if plain is not None:
            trial.set_submodule(name, plain)


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
