"""L2 norms against loops over filters; against Torch-Pruning: `test_l1.py`."""

import math

import numpy as np
import torch

from tatl_search.methods.scores import l2
from tests.methods.contexts import context_of
from tests.nets.lively import lively, some_images


def test_a_residual_group_by_loops() -> None:
    """The trunk of the first stage: the stem and the second convolution of both blocks."""
    module = lively("torchvision/resnet18")
    found = l2.SCORE.run(
        context_of(module, some_images(1), torch.zeros(1, dtype=torch.int64))
    ).by_group["conv1"]
    layers = ("conv1", "layer1.0.conv2", "layer1.1.conv2")
    weights = [module.get_parameter(f"{layer}.weight").detach() for layer in layers]
    for unit in range(64):
        squares = sum(float(w) ** 2 for bank in weights for w in bank[unit].flatten())
        assert math.isclose(found[unit], math.sqrt(squares), rel_tol=1e-5)
    assert found.dtype == np.float64


def test_a_depthwise_filter_counts_with_the_one_that_feeds_it() -> None:
    module = lively("torchvision/mobilenet_v2")
    images, labels = some_images(1), torch.zeros(1, dtype=torch.int64)
    found = l2.SCORE.run(context_of(module, images, labels)).by_group["features.2.conv.0.0"]
    pair = [module.get_parameter(f"features.2.conv.{at}.0.weight").detach() for at in (0, 1)]
    expected = torch.stack([w.flatten(1).square().sum(1) for w in pair]).sum(0).sqrt()
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5)
