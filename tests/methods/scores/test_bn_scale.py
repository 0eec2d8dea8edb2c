"""Batch-norm scales by eye, and against Torch-Pruning."""

import numpy as np
import pytest
import torch
import torch_pruning

from tatl_search.errors import InputError
from tatl_search.methods.registry import METHODS
from tatl_search.methods.scores import bn_scale
from tests.methods.contexts import context_of
from tests.methods.peers import peer_scores
from tests.nets.lively import Blocks, Chain, lively, some_images

LABELS = torch.zeros(1, dtype=torch.int64)


def test_scales_by_eye_and_nothing_for_a_group_without() -> None:
    module = Chain()
    with torch.no_grad():
        module.get_parameter("1.weight").copy_(torch.tensor([1.0, -2.0, 0.5, 0.0]))
    found = bn_scale.SCORE.run(context_of(module, some_images(1, 8), LABELS)).by_group
    assert found["0"].tolist() == [1.0, 2.0, 0.5, 0.0]
    assert found["8"].tolist() == [0.0] * 5


def test_groups_without_batch_norm_are_left_alone_and_named() -> None:
    found = context_of(Chain(), some_images(1, 8), LABELS, rate=0.3)
    plan = METHODS["slimming"].choose(found, bn_scale.SCORE.run(found)).plan
    assert "8" not in plan.pruned_sets()
    assert plan.notes[0].startswith("8: left alone")


def test_a_network_without_batch_norm_is_refused() -> None:
    with pytest.raises(InputError, match="none of this network's 4 groups has one"):
        bn_scale.SCORE.run(context_of(Blocks(), some_images(1, 8), LABELS))


@pytest.mark.parametrize("name", ["torchvision/resnet18", "torchvision/mobilenet_v2"])
def test_torch_pruning_says_the_same(name: str) -> None:
    module = lively(name)
    found = bn_scale.SCORE.run(context_of(module, some_images(1), LABELS)).by_group
    peer = torch_pruning.importance.BNScaleImportance(normalizer=None)
    some = list(found)[:6]
    for group, expected in peer_scores(module, 64, peer, *some).items():
        np.testing.assert_allclose(found[group], expected, rtol=1e-5)
