"""L1 norms against loops over filters, and against Torch-Pruning."""

import numpy as np
import pytest
import torch
import torch_pruning

from tatl_search.methods.method import Score
from tatl_search.methods.scores import l1, l2
from tests.methods.contexts import context_of
from tests.methods.peers import peer_scores
from tests.nets.lively import Blocks, Chain, lively, some_images

LABELS = torch.zeros(1, dtype=torch.int64)


def test_a_chain_by_loops() -> None:
    module = Chain()
    found = l1.SCORE.run(context_of(module, some_images(1, 8), LABELS)).by_group
    for name in ("0", "3", "8"):
        weight = module.get_parameter(f"{name}.weight")
        expected = [sum(abs(w) for w in each.flatten().tolist()) for each in weight]
        np.testing.assert_allclose(found[name], expected, rtol=1e-6)


def test_a_unit_of_several_channels_is_their_sum() -> None:
    module = Blocks()
    found = l1.SCORE.run(context_of(module, some_images(1, 8), LABELS)).by_group
    norms = module.grouped.weight.detach().abs().sum((1, 2, 3)).numpy()
    np.testing.assert_allclose(found["grouped"], norms[:2] + norms[2:], rtol=1e-6)


@pytest.mark.parametrize(("score", "p"), [(l1.SCORE, 1), (l2.SCORE, 2)])
def test_torch_pruning_says_the_same(score: Score, p: int) -> None:
    """Residual groups are sums over their convolutions there too; its p = 2 squares."""
    module = lively("torchvision/resnet18")
    found = score.run(context_of(module, some_images(1), LABELS)).by_group
    peer = torch_pruning.importance.GroupMagnitudeImportance(
        p, "sum", None, target_types=[torch.nn.Conv2d]
    )
    for name, expected in peer_scores(module, 64, peer, *found).items():
        np.testing.assert_allclose(found[name] ** p, expected, rtol=1e-5)
