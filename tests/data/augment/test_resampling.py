"""Boxes scaled all at once, against torchvision one image at a time."""

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from tatl_search.data.augment import resampling
from tatl_search.data.augment.rectangles import Rectangles, draw_rectangles
from tatl_search.data.augment.resampling import resample

COUNT = 24


def images(stored: int, count: int = COUNT) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, stored, stored, 3), dtype=torch.uint8, generator=generator)


def boxes(stored: int, least: float = 0.1) -> Rectangles:
    generator = torch.Generator().manual_seed(1)
    return draw_rectangles(COUNT, stored, (least, 1.0), (0.5, 2.0), generator)


def one_by_one(pixels: Tensor, where: Rectangles, mirrored: Tensor, side: int) -> Tensor:
    results = []
    for image, top, left, height, width, flip in zip(
        pixels.permute(0, 3, 1, 2),
        *(values.tolist() for values in (where.top, where.left, where.height, where.width)),
        mirrored.tolist(),
        strict=True,
    ):
        cut = tv.resized_crop(image, top, left, height, width, [side, side], antialias=True)
        results.append(tv.horizontal_flip(cut) if flip else cut)
    return torch.stack(results).permute(0, 2, 3, 1)


@pytest.mark.parametrize(
    ("stored", "side"), [(16, 16), (24, 16), (72, 64), (100, 33), (256, 32), (40, 40)]
)
def test_equal_to_torchvisions_resized_crop(stored: int, side: int) -> None:
    """To 0.01 of 255 in floats; on bytes torchvision rounds twice, to one step."""
    pixels, where = images(stored), boxes(stored)
    mirrored = torch.arange(COUNT) % 2 == 1
    found = resample(pixels, where, mirrored, side)
    assert found.shape == (COUNT, side, side, 3)
    assert found.dtype == torch.float32
    assert found.is_contiguous()
    exact = one_by_one(pixels.float(), where, mirrored, side)
    torch.testing.assert_close(found, exact, atol=0.01, rtol=0.0)
    rounded = one_by_one(pixels, where, mirrored, side)
    assert (found - rounded.float()).abs().max() <= 1.01


def test_the_whole_image_at_its_size_is_unchanged() -> None:
    pixels, zero = images(20), torch.zeros(COUNT, dtype=torch.int64)
    whole = Rectangles(zero, zero, zero + 20, zero + 20)
    found = resample(pixels, whole, torch.zeros(COUNT, dtype=torch.bool), 20)
    assert torch.equal(found, pixels.float())


def test_a_box_of_one_pixel_fills_the_image() -> None:
    pixels, one = images(16), torch.ones(COUNT, dtype=torch.int64)
    found = resample(pixels, Rectangles(3 * one, 5 * one, one, one), one.bool(), 16)
    torch.testing.assert_close(found, pixels[:, 3:4, 5:6].float().expand(found.shape))


def test_nothing_outside_the_box_is_seen() -> None:
    pixels, one = images(32), torch.ones(COUNT, dtype=torch.int64)
    where = Rectangles(8 * one, 4 * one, 10 * one, 20 * one)
    blind = torch.zeros_like(pixels)
    blind[:, 8:18, 4:24] = pixels[:, 8:18, 4:24]
    mirrored = torch.zeros(COUNT, dtype=torch.bool)
    assert torch.equal(resample(pixels, where, mirrored, 24), resample(blind, where, mirrored, 24))


def test_how_many_at_a_time_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, where, mirrored = images(48), boxes(48), torch.zeros(COUNT, dtype=torch.bool)
    together = resample(pixels, where, mirrored, 32)
    monkeypatch.setattr(resampling, "CHUNK", 5 * pixels[0].numel())
    assert torch.equal(resample(pixels, where, mirrored, 32), together)
