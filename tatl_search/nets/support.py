"""Whether a network can be pruned at all, found out by trying before anything is trained."""

import copy
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn

from tatl_search.core.plan import PrunePlan
from tatl_search.errors import InputError
from tatl_search.meanwhile import meanwhile
from tatl_search.nets.activations import mean_activations
from tatl_search.nets.cost import cost_model, layer_macs
from tatl_search.nets.cpu_limit import TooLongError, cpu_limit
from tatl_search.nets.equality import all_but, removes_twins, removes_what_is_not_read
from tatl_search.nets.groups import Group, Survey, find_groups, survey
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layers_of
from tatl_search.nets.reasons import first_line
from tatl_search.nets.redraw import redraw_constants
from tatl_search.nets.surgery import prune

KEPT = 16
LEAST = 0.1
"""Share of the MACs that has to be removable."""
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
            " convolutional ones work whole, and of others what can be followed"
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


def _fault(module: nn.Module, image_size: int) -> str | None:
    """Return what goes wrong when a copy of a network is pruned, if something does."""
    trial = copy.deepcopy(module)
    found = survey(trial, image_size)
    groups = found.groups
    if not groups:
        return f"it has no channels that could be removed{_reasons(found)}"
    share = _removable(trial, groups, image_size)
    if share < LEAST:
        return f"only {share:.0%} of its MACs could be removed{_reasons(found)}"
    if found.left:
        name = type(module).__name__
        logger.warning("%s: %.0f %% of its MACs can go%s", name, 100 * share, _reasons(found))
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


def _removable(module: nn.Module, groups: Sequence[Group], image_size: int) -> float:
    """Return the share of the MACs that goes if one unit of each group stays."""
    costs = cost_model(module, groups, layer_macs(module, image_size))
    most, least = ([g.width for g in groups], [1] * len(groups))
    return 1 - costs.macs(np.array(least)) / costs.macs(np.array(most))


def _reasons(found: Survey) -> str:
    """Return what of a network is left alone and why, to be put at the end of a sentence."""
    if not found.left:
        return ""
    first, why = next(iter(found.left.items()))
    more = f" and {len(found.left) - 1} more" if len(found.left) > 1 else ""
    return f"; left as they are: '{first}'{more} ({why})"


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
