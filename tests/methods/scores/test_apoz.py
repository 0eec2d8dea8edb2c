"""Shares of zeros against plain loops over recorded outputs."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tatl_search.methods.scores import apoz
from tests.methods.contexts import context_of
from tests.nets.lively import Blocks, Chain, enliven, some_images


def test_a_chain_by_loops() -> None:
    module, images = enliven(Chain(), 8), some_images(5, 8)
    found = apoz.SCORE.run(context_of(module, images, torch.zeros(5, dtype=torch.int64)))
    with torch.no_grad():
        outputs = nn.Sequential(*list(module.children())[:3])(images)
    for unit in range(4):
        zeros = [value == 0.0 for value in outputs[:, unit].flatten().tolist()]
        np.testing.assert_allclose(found.by_group["0"][unit], 1 - np.mean(zeros))
    assert (found.spent.images_forward, found.spent.images_trained) == (5, 0)


def test_a_unit_of_several_channels_is_their_mean() -> None:
    module, images = Blocks().eval(), some_images(4, 8)
    found = apoz.SCORE.run(context_of(module, images, torch.zeros(4, dtype=torch.int64)))
    with torch.no_grad():
        shares = (F.relu(module.first(images)) > 0).double().mean((0, 2, 3)).numpy()
    np.testing.assert_allclose(found.by_group["first"], (shares[:3] + shares[3:]) / 2)
