"""What a head reads: its input, whatever the family."""

import pytest
import torch
from torch import nn

from tatl_search.nets.features import feature_count, features
from tatl_search.nets.head import classifier_name
from tests.nets.families import FAMILIES, FAST
from tests.nets.lively import Chain, lively, some_images

CASES = [pytest.param(f, marks=() if f in FAST else pytest.mark.soak) for f in FAMILIES]


@pytest.mark.parametrize("family", CASES)
def test_the_head_makes_the_scores_of_them(family: str) -> None:
    module, images = lively(family), some_images(2)
    head = module.get_submodule(classifier_name(module))
    with torch.no_grad():
        read = features(module, images)
        assert read.shape == (2, feature_count(module))
        if isinstance(head, nn.Linear):
            torch.testing.assert_close(head(read), module(images))
    assert not head._forward_pre_hooks


def test_by_hand() -> None:
    torch.manual_seed(0)
    chain, images = Chain().eval(), some_images(3, 8)
    with torch.no_grad():
        torch.testing.assert_close(
            features(chain, images), nn.Sequential(*list(chain)[:10])(images)
        )


def test_positions_before_a_convolution_are_averaged() -> None:
    module = nn.Sequential(nn.Conv2d(3, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = some_images(2, 4)
    torch.testing.assert_close(features(module, images), images.mean((2, 3)))
    assert feature_count(module) == 3
