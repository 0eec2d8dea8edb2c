"""Distances between filters against loops over pairs, and against Torch-Pruning's ranking."""

import numpy as np
import numpy.typing as npt
import torch
import torch_pruning
from torch import Tensor

from tatl_search.methods.scores import fpgm
from tests.methods.contexts import context_of
from tests.methods.peers import peer_scores
from tests.nets.lively import Blocks, Chain, lively, some_images

LABELS = torch.zeros(1, dtype=torch.int64)


def by_loops(weight: Tensor) -> npt.NDArray[np.float64]:
    rows = weight.detach().flatten(1).double().numpy()
    return np.array([sum(np.sqrt(np.sum((one - other) ** 2)) for other in rows) for one in rows])


def test_a_chain_by_loops() -> None:
    module = Chain()
    found = fpgm.SCORE.run(context_of(module, some_images(1, 8), LABELS)).by_group
    for name in ("0", "3", "8"):
        expected = by_loops(module.get_parameter(f"{name}.weight"))
        np.testing.assert_allclose(found[name], expected / expected.mean(), rtol=1e-5)


def test_a_filter_at_the_geometric_median_goes_first() -> None:
    module = Chain()
    points = torch.tensor([[0.0, 1.0], [0.1, 0.1], [0.0, -1.0], [5.0, 0.0]])
    with torch.no_grad():
        module[0].weight.zero_().flatten(1)[:, :2] = points  # type: ignore[operator]
    found = fpgm.SCORE.run(context_of(module, some_images(1, 8), LABELS)).by_group["0"]
    assert np.argsort(found)[0] == 1
    assert np.argsort(found)[-1] == 3


def test_channels_add_up_and_layers_are_averaged_after_each_is_put_on_one_scale() -> None:
    blocks = Blocks()
    found = fpgm.SCORE.run(context_of(blocks, some_images(1, 8), LABELS)).by_group["grouped"]
    channels = by_loops(blocks.grouped.weight)
    units = channels[:2] + channels[2:]
    np.testing.assert_allclose(found, units / units.mean(), rtol=1e-5)

    module = lively("torchvision/resnet18")
    found = fpgm.SCORE.run(context_of(module, some_images(1), LABELS)).by_group["conv1"]
    layers = [
        by_loops(module.get_parameter(f"{name}.weight"))
        for name in ("conv1", "layer1.0.conv2", "layer1.1.conv2")
    ]
    expected = np.mean([layer / layer.mean() for layer in layers], axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_torch_pruning_ranks_the_same() -> None:
    """It measures between |weights|, so weights are made positive; in groups of one layer."""
    module = lively("torchvision/resnet18")
    for parameter in module.parameters():
        parameter.data.abs_()
    found = fpgm.SCORE.run(context_of(module, some_images(1), LABELS)).by_group
    peer = torch_pruning.importance.FPGMImportance(p=1, normalizer=None)
    alone = [name for name in found if name.endswith("conv1") and "." in name]
    assert len(alone) == 8
    for name, expected in peer_scores(module, 64, peer, *alone).items():
        np.testing.assert_allclose(found[name], expected / expected.mean(), rtol=1e-4)
