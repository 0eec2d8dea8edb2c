"""Latency: the table adds up to a measured forward pass, and estimates follow the MACs."""

import json
import time
from dataclasses import asdict

import pytest
import torch

from tatl_search.nets.cost import layer_macs
from tatl_search.nets.groups import find_groups
from tatl_search.nets.latency import LatencyTable, estimate, measure
from tatl_search.nets.surgery import prune
from tests.nets.families import IMAGE_SIZE
from tests.nets.lively import Blocks, Chain, lively, some_images, take

FIRST, SECOND = 3 * 4 * 9 * 64, 4 * 3 * 9 * 64
BY_HAND = LatencyTable(
    image_size=8,
    threads=1,
    device="cpu",
    layer_ms={"0": 4.0, "3": 8.0, "8": 1.0, "10": 0.5},
    layer_macs={"0": FIRST, "3": SECOND, "8": 60, "10": 10},
    rest_ms=2.0,
)


def test_an_unpruned_network_costs_what_was_measured() -> None:
    assert estimate(BY_HAND, layer_macs(Chain(), 8)) == 15.5


def test_each_layer_costs_its_share_of_the_macs() -> None:
    module = Chain()
    groups = find_groups(module, 8)
    prune(module, groups, take(groups[0], 0, 1))
    assert estimate(BY_HAND, layer_macs(module, 8)) == 4.0 / 2 + 8.0 / 2 + 1.0 + 0.5 + 2.0


def test_the_table_of_another_network_is_refused() -> None:
    with pytest.raises(ValueError, match="another network"):
        estimate(BY_HAND, layer_macs(Blocks(), 8))


def test_a_table_survives_json() -> None:
    assert LatencyTable(**json.loads(json.dumps(asdict(BY_HAND)))) == BY_HAND


def test_the_table_adds_up_and_nothing_is_left_behind() -> None:
    module = lively("torchvision/resnet18").train()
    threads = torch.get_num_threads()
    table = measure(module, IMAGE_SIZE, threads=1, repeats=5)
    assert module.training
    assert torch.get_num_threads() == threads
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())

    assert table.layer_macs == layer_macs(module, IMAGE_SIZE)
    assert min(table.layer_ms.values()) > 0
    torch.set_num_threads(1)
    with torch.inference_mode():
        module.eval()(some_images(1))
        start = time.perf_counter()
        for _ in range(5):
            module(some_images(1))
    torch.set_num_threads(threads)
    measured = (time.perf_counter() - start) * 1e3 / 5
    assert measured / 5 < estimate(table, table.layer_macs) < measured * 5, (
        "the machine may be busy"
    )
