"""Costs: by hand on a small network, against torchvision's own figures, and the model's promise."""

import math

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import nn

from tatl_search.nets.cost import (
    cost_model,
    count_macs,
    count_parameters,
    layer_macs,
    size_bytes,
)
from tatl_search.nets.groups import find_groups
from tatl_search.nets.library import Torchvision
from tatl_search.nets.surgery import prune
from tatl_search.nets.zoo import construct
from tests.nets.families import FAMILIES, FAST, IMAGE_SIZE
from tests.nets.lively import Blocks, Chain, lively, random_plan

OF_TORCHVISION = [n.removeprefix("torchvision/") for n in FAMILIES if n.startswith("torchvision")]


def test_costs_of_a_chain_by_hand() -> None:
    module = Chain()
    first, second = 3 * 4 * 9 * 64, 4 * 3 * 9 * 64
    assert layer_macs(module, 8) == {"0": first, "3": second, "8": 60, "10": 10}
    assert count_macs(module, 8) == first + second + 70
    assert count_parameters(module) == (108 + 4) + 8 + 108 + 6 + (60 + 5) + (10 + 2)
    buffers = 4 * (4 + 4 + 3 + 3) + 2 * 8
    assert size_bytes(module) == 4 * count_parameters(module) + buffers


def test_a_grouped_convolution_reads_its_own_block_only() -> None:
    assert layer_macs(Blocks(), 8)["grouped"] == 64 * 9 * 4 * (6 // 2)


def test_every_convolution_subclass_counts() -> None:
    """Torch-Pruning's counter skips timm's Conv2dSame: 17 M of these would be missing."""
    module = timm.create_model("tf_efficientnet_lite0")
    assert count_macs(module, 224) == pytest.approx(384.8e6, rel=2e-3)


@pytest.mark.parametrize("name", OF_TORCHVISION)
def test_counts_equal_torchvisions_own(name: str) -> None:
    """`_ops` is in units of 10^9 multiply-accumulates, rounded to three digits."""
    weights = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"]
    arguments = Torchvision().arguments(name, 1000)
    module = construct(f"torchvision/{name}", arguments)
    size = weights.transforms().crop_size[0]
    assert count_macs(module, size) / 1e9 == pytest.approx(weights.meta["_ops"], abs=6e-4)
    assert count_parameters(module) == weights.meta["num_params"]


def check_the_model_is_exact(name: str, plans: int) -> None:
    for seed in range(plans):
        module = lively(name)
        groups = find_groups(module, IMAGE_SIZE)
        model = cost_model(module, groups, layer_macs(module, IMAGE_SIZE))
        widths = {group.name: group.width for group in groups}
        for turn in range(3):
            now = np.array([widths[group.name] for group in groups])
            assert model.macs(now) == count_macs(module, IMAGE_SIZE)
            assert model.parameters(now) == count_parameters(module)
            convolutions = [m for m in module.modules() if isinstance(m, nn.Conv2d)]
            assert model.filters(now) == sum(conv.out_channels for conv in convolutions)
            left = find_groups(module, IMAGE_SIZE)
            plan = random_plan(left, 10 * seed + turn, share=0.6)
            prune(module, left, plan)
            for removal in plan.removals:
                widths[removal.group] -= len(removal.units)


@pytest.mark.parametrize("name", [*FAST, "torchvision/resnext50_32x4d"])
def test_the_model_is_exact_for_pruned_networks(name: str) -> None:
    check_the_model_is_exact(name, plans=1)


@pytest.mark.soak
@pytest.mark.parametrize("name", FAMILIES)
def test_the_model_is_exact_in_every_family(name: str) -> None:
    check_the_model_is_exact(name, plans=3)


def test_savings_of_the_model_include_the_consumers() -> None:
    model = cost_model(Chain(), find_groups(Chain(), 8), layer_macs(Chain(), 8))
    whole, fewer = np.array([4, 3, 5]), np.array([3, 3, 5])
    assert model.macs(whole) - model.macs(fewer) == 64 * 9 * (3 + 3)
    assert model.parameters(whole) - model.parameters(fewer) == 9 * 3 + 1 + 2 + 9 * 3


def test_costs_do_not_touch_the_network() -> None:
    module = Chain().train()
    model_state = {key: value.clone() for key, value in module.state_dict().items()}
    cost_model(module, find_groups(module, 8), layer_macs(module, 8))
    assert module.training
    assert all(torch.equal(model_state[k], v) for k, v in module.state_dict().items())
    assert math.prod(len(part._forward_hooks) + 1 for part in module.modules()) == 1
