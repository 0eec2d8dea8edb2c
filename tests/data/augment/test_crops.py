"""Crops against numpy's padding and torchvision, one image at a time."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from tatl_search.config import AugmentSettings
from tatl_search.data.augment.crops import centre_crop, crop


def images(stored: int, count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, stored, stored, 3), dtype=torch.uint8, generator=generator)


def drawn(pixels: Tensor, side: int, settings: AugmentSettings, seed: int = 0) -> Tensor:
    return crop(pixels, side, settings, torch.Generator().manual_seed(seed))


def naive(image: Tensor, side: int, dy: int, dx: int, mirrored: bool) -> bytes:
    """Mirror what lies outside, cut, then mirror: one image at a time."""
    stored = image.shape[0]
    padded = np.pad(image.numpy(), ((stored - 1,) * 2, (stored - 1,) * 2, (0, 0)), mode="reflect")
    top, left = (stored - 1 + round((stored - side) / 2) + moved for moved in (dy, dx))
    cut = padded[top : top + side, left : left + side]
    return (cut[:, ::-1] if mirrored else cut).tobytes()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(("stored", "side"), [(16, 16), (17, 16), (20, 16), (18, 16)])
def test_every_shift_comes_out_and_nothing_else(stored: int, side: int, flip: bool) -> None:
    """Within a larger stored image shifts show more of it; beyond its border it is mirrored."""
    pixels = images(stored)
    settings = AugmentSettings(shift=2 / side, flip=flip)
    possible = {
        naive(pixels[0], side, dy, dx, mirrored)
        for dy in range(-2, 3)
        for dx in range(-2, 3)
        for mirrored in {False, flip}
    }
    found = drawn(pixels.expand(600, -1, -1, -1), side, settings)
    assert found.dtype == torch.uint8
    assert {image.numpy().tobytes() for image in found} == possible


@pytest.mark.parametrize("stored", [16, 17, 18, 19, 20, 21, 40])
def test_the_centre_is_torchvisions(stored: int) -> None:
    pixels = images(stored, 3)
    expected = tv.center_crop(pixels.permute(0, 3, 1, 2), [16, 16]).permute(0, 2, 3, 1)
    assert torch.equal(centre_crop(pixels, 16), expected)
    assert torch.equal(drawn(pixels, 16, AugmentSettings(crop="none")), expected)


def test_resized_crops_of_one_image_all_differ() -> None:
    pixels = images(24).expand(50, -1, -1, -1)
    found = drawn(pixels, 16, AugmentSettings(crop="resized"))
    assert found.shape == (50, 16, 16, 3)
    assert found.dtype == torch.float32
    assert len({image.numpy().tobytes() for image in found}) > 45


def test_resized_crops_are_mirrored_about_half_of_the_time() -> None:
    """Of an image that brightens to the right."""
    ramp = torch.arange(20, dtype=torch.uint8).mul(10).view(1, 1, 20, 1).expand(400, 20, 20, 3)
    found = drawn(ramp, 16, AugmentSettings(crop="resized", flip=True))
    brighter_right = found[:, 0, -1, 0] > found[:, 0, 0, 0]
    assert 0.4 < brighter_right.double().mean() < 0.6
    straight = drawn(ramp, 16, AugmentSettings(crop="resized"))
    assert (straight[:, 0, -1, 0] > straight[:, 0, 0, 0]).all()


@pytest.mark.parametrize("kind", ["shift", "resized", "none"])
def test_the_stored_images_are_left_alone(kind: str) -> None:
    pixels = images(18, 4)
    before = pixels.clone()
    drawn(pixels, 16, AugmentSettings.model_validate({"crop": kind, "flip": True})).fill_(0)
    assert torch.equal(pixels, before)
