"""Contexts: one made by hand, whose costs a reader can count, and those of real networks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tatl_search.config import PruneSettings
from tatl_search.core.costs import CostModel
from tatl_search.methods.context import Context, Learnt
from tatl_search.nets.cost import cost_model, layer_macs
from tatl_search.nets.groups import Group, find_groups

GROUPS = (Group("first", 4, ()), Group("second", 6, ()))
WIDTHS = {"first": 4, "second": 6}

COST = CostModel(  # 3 -> first -> second -> 10, 1x1 convolutions on one pixel
    in_per_unit=np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
    in_fixed=np.array([3.0, 0.0, 0.0]),
    out_per_unit=np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
    out_fixed=np.array([0.0, 0.0, 10.0]),
    macs_weight=np.ones(3),
    weight_size=np.ones(3),
    channel_size=np.zeros(3),
    depthwise=np.zeros(3, dtype=np.bool_),
    conv_groups=np.ones(3),
    is_convolution=np.array([True, True, False]),
)


def context_by_hand(original_widths: Mapping[str, int] = WIDTHS, **settings: object) -> Context:
    """Return a context for allocations, which look at no network and no image."""

    def none() -> Iterator[tuple[Tensor, Tensor]]:
        raise AssertionError("allocations look at no image")

    def missing(*_: object) -> Context:
        raise AssertionError("nothing is learnt")

    return Context(
        module=nn.Identity(),
        groups=GROUPS,
        cost=COST,
        original_widths=original_widths,
        settings=PruneSettings.model_validate({"threshold": 0.9, "min_filters": 1} | settings),
        images=none,
        image_count=0,
        classes=10,
        seed=0,
        root=missing,
        learn=missing,  # type: ignore[arg-type]
    )


def context_of(
    module: nn.Module, images: Tensor, labels: Tensor, batch: int = 3, **settings: Any
) -> Context:
    """Return the context of an unpruned network and its training images."""
    groups = find_groups(module, images.shape[-1])

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        return zip(torch.split(images, batch), torch.split(labels, batch), strict=True)

    def learn(_: str, make: Callable[[Context], Learnt]) -> Learnt:
        return make(context)

    context = Context(
        module=module,
        groups=groups,
        cost=cost_model(module, groups, layer_macs(module, images.shape[-1])),
        original_widths={group.name: group.width for group in groups},
        settings=PruneSettings.model_validate({"min_filters": 1} | settings),
        images=batches,
        image_count=len(images),
        classes=int(labels.max()) + 1,
        seed=3,
        root=lambda: context,
        learn=learn,
    )
    return context
