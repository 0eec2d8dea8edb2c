"""Which part of a stored image the network sees, and whether mirrored."""

import torch
from torch import Tensor

from tatl_search.config import AugmentSettings
from tatl_search.data.augment.draws import chances, to_device
from tatl_search.data.augment.rectangles import draw_rectangles
from tatl_search.data.augment.resampling import resample


def crop(
    pixels: Tensor, side: int, settings: AugmentSettings, generator: torch.Generator
) -> Tensor:
    """Cut the input out of each stored image, by draws of its own.

    `shift` moves the centre crop by up to `settings.shift` of its side each way; where the stored
    image ends, it is mirrored. `resized` draws boxes as torchvision's `RandomResizedCrop`.

    Args:
        pixels: (B, S, S, 3) bytes of stored images.
        side: T, of the input; at most S.
        settings: which crop, and whether half of the images are mirrored.
        generator: the only source of randomness.

    Returns:
        (B, T, T, 3), new memory: bytes, or float32 from 0 to 255 where the crop is resized.
    """
    count, stored = pixels.shape[:2]
    if settings.crop == "resized":
        aspect = (1.0 / settings.max_aspect, settings.max_aspect)
        area = (settings.min_scale, 1.0)
        boxes = draw_rectangles(count, stored, area, aspect, generator)
        return resample(pixels, boxes, _mirrored_images(settings, count, generator), side)
    most = round(settings.shift * side) if settings.crop == "shift" else 0
    rows = _reflected(_shifts(count, most, generator), side, stored)
    columns = _reflected(_shifts(count, most, generator), side, stored)
    mirrored = _mirrored_images(settings, count, generator).unsqueeze(1)
    columns = torch.where(mirrored, columns.flip(1), columns)
    return _gather(pixels, rows, columns)


def centre_crop(pixels: Tensor, side: int) -> Tensor:
    """Return a view of the middle of images (B, S, S, 3), where torchvision's `CenterCrop` cuts."""
    start = centre(pixels.shape[1], side)
    return pixels[:, start : start + side, start : start + side]


def centre(stored: int, side: int) -> int:
    """Return the first row and column of the centre crop."""
    return round((stored - side) / 2)


def _mirrored_images(settings: AugmentSettings, count: int, generator: torch.Generator) -> Tensor:
    if not settings.flip:
        return torch.zeros(count, dtype=torch.bool, device=generator.device)
    return chances(0.5, count, generator)


def _shifts(count: int, most: int, generator: torch.Generator) -> Tensor:
    """Draw (count, 1) shifts of up to so many pixels each way."""
    return torch.randint(-most, most + 1, (count, 1), generator=generator, device=generator.device)


def _reflected(shifts: Tensor, side: int, stored: int) -> Tensor:
    """Return (count, side) positions to read from, mirrored at the stored image's border."""
    centred = centre(stored, side) + torch.arange(side, device=shifts.device)
    positions = (centred + shifts).abs()
    return stored - 1 - (stored - 1 - positions).abs()


def _gather(pixels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Read the crossings of each image's rows (B, T) and columns (B, T)."""
    count, height, width, channels = pixels.shape
    device = pixels.device
    starts = torch.arange(count, device=device).view(-1, 1, 1) * height
    rows, columns = to_device(rows, device), to_device(columns, device)
    source = (starts + rows.unsqueeze(2)) * width + columns.unsqueeze(1)
    # One flat gather: more than twice as fast on a CPU as indexing with three index tensors.
    found = pixels.reshape(-1, channels).index_select(0, source.flatten())
    return found.view(*source.shape, channels)
