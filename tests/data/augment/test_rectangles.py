"""Rectangles against torchvision's draws, and their masks against loops."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstest
from torchvision.transforms import RandomResizedCrop

from tatl_search.data.augment.rectangles import Rectangles, draw_rectangles

SIDE = 200
SCALE, ASPECT = (0.35, 1.0), (3 / 4, 4 / 3)
MANY = 3000


def some(seed: int, count: int = MANY) -> Rectangles:
    return draw_rectangles(count, SIDE, SCALE, ASPECT, torch.Generator().manual_seed(seed))


@settings(max_examples=60, deadline=None)
@given(
    side=st.integers(1, 70),
    least=st.floats(0.01, 1.0),
    aspect=st.floats(1.0, 4.0),
    seed=st.integers(0, 99),
)
def test_rectangles_lie_inside(side: int, least: float, aspect: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    found = draw_rectangles(50, side, (least, 1.0), (1 / aspect, aspect), generator)
    for start, length in ((found.top, found.height), (found.left, found.width)):
        assert (start >= 0).all()
        assert (length >= 1).all()
        assert (start + length <= side).all()


@settings(max_examples=30, deadline=None)
@given(least=st.floats(0.02, 0.9), aspect=st.floats(1.0, 4.0), seed=st.integers(0, 99))
def test_area_and_aspect_keep_their_bounds(least: float, aspect: float, seed: int) -> None:
    """But for the rounding of both sides to whole pixels, of 1000."""
    generator = torch.Generator().manual_seed(seed)
    found = draw_rectangles(200, 1000, (least, 1.0), (1 / aspect, aspect), generator)
    area = (found.height * found.width).double() / 1000**2
    assert (area > least * 0.98).all()
    assert (area <= 1.0).all()
    ratio = (found.width.double() / found.height).log().abs()
    assert (ratio <= math.log(aspect) + 0.02).all()


def test_the_same_distribution_as_torchvisions() -> None:
    """Areas, aspects and places of 3,000 rectangles, by the test of Kolmogorov and Smirnov."""
    found = some(0)
    torch.manual_seed(1)
    image = torch.empty(3, SIDE, SIDE)
    wanted = torch.tensor(
        [RandomResizedCrop.get_params(image, list(SCALE), list(ASPECT)) for _ in range(MANY)]
    )
    top, left, height, width = wanted.unbind(1)
    for ours, theirs in (
        (found.height * found.width, height * width),
        (found.width / found.height, width / height),
        (found.top, top),
        (found.left, left),
    ):
        assert ks_2samp(ours.numpy(), theirs.numpy()).pvalue > 0.01


def test_small_areas_are_even_and_aspects_log_even() -> None:
    """Where all rectangles fit, nothing bends their distribution."""
    generator = torch.Generator().manual_seed(0)
    found = draw_rectangles(MANY, 2000, (0.1, 0.4), (0.5, 2.0), generator)
    area = (found.height * found.width).double() / 2000**2
    ratio = (found.width.double() / found.height).log() / math.log(2)
    assert kstest(area.numpy(), "uniform", args=(0.1, 0.3)).pvalue > 0.01
    assert kstest(ratio.numpy(), "uniform", args=(-1, 2)).pvalue > 0.01


def test_every_place_is_as_likely() -> None:
    generator = torch.Generator().manual_seed(0)
    found = draw_rectangles(9000, 10, (0.64, 0.64), (1.0, 1.0), generator)
    assert (found.height == 8).all()
    places, counts = torch.unique(found.top * 3 + found.left, return_counts=True)
    assert places.tolist() == list(range(9))
    assert ((counts - 1000).abs() < 130).all()


def test_what_never_fits_is_the_whole_image() -> None:
    found = draw_rectangles(5, 30, (1.0, 1.0), (2.0, 2.0), torch.Generator())
    assert found.top.tolist() == found.left.tolist() == [0] * 5
    assert found.height.tolist() == found.width.tolist() == [30] * 5


def test_the_draws_follow_the_generator() -> None:
    first, again, other = some(5), some(5), some(6)
    assert torch.equal(first.top, again.top)
    assert torch.equal(first.width, again.width)
    assert not torch.equal(first.width, other.width)


@pytest.mark.parametrize("side", [1, 7])
def test_masks_against_a_loop(side: int) -> None:
    generator = torch.Generator().manual_seed(2)
    found = draw_rectangles(20, side, (0.05, 1.0), (0.3, 3.3), generator)
    expected = np.zeros((20, side, side), bool)
    for image in range(20):
        top, left = int(found.top[image]), int(found.left[image])
        for row in range(top, top + int(found.height[image])):
            for column in range(left, left + int(found.width[image])):
                expected[image, row, column] = True
    np.testing.assert_array_equal(found.mask(side, "cpu").numpy(), expected)
