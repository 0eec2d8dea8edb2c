"""Batches for training and evaluation, made on the device from packed bytes."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch

from tatl_search.config import AugmentSettings
from tatl_search.data.target import Split

Batch = tuple[torch.Tensor, torch.Tensor]


class Normalisation(Protocol):
    """What a network expects of its input, scaled to 0..1 before: a mean and a deviation."""

    @property
    def mean(self) -> tuple[float, float, float]:
        """Mean of each channel."""

    @property
    def std(self) -> tuple[float, float, float]:
        """Standard deviation of each channel."""


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Return how many batches `training_batches` makes of so many images."""
    full, rest = divmod(images, batch_size)
    return full + (rest > 1)


def training_batches(
    split: Split,
    batch_size: int,
    settings: AugmentSettings,
    preprocessing: Normalisation,
    device: torch.device | str,
    generator: torch.Generator,
) -> Iterator[Batch]:
    """Make one epoch of shuffled, augmented batches.

    Each image draws its own shift (up to `settings.shift` of its side each way, the border
    mirrored) and, with `settings.flip`, its own mirroring. The same state of the generator
    gives the same batches bit for bit, as long as nothing else draws from it meanwhile.

    Args:
        split: the images; never written to.
        batch_size: images a batch, at least 2; the last one may be smaller, and is dropped if it
            has a single image, over which batch normalisation has no variance.
        settings: which augmentation.
        preprocessing: the network's normalisation.
        device: where the batches are made.
        generator: the only source of randomness, on any device.

    Yields:
        Images (B, 3, H, W) float32 in channels-last layout, and labels (B,) int64.
    """
    order = torch.randperm(len(split), generator=generator, device=generator.device).cpu().numpy()
    normalise = _Normaliser(preprocessing, device)
    for step in range(steps_per_epoch(len(split), batch_size)):
        chosen = order[step * batch_size : (step + 1) * batch_size]
        pixels = torch.from_numpy(split.pixels(chosen)).to(device)
        labels = torch.from_numpy(split.labels[chosen]).to(device)
        yield normalise(_augment(pixels, settings, generator)), labels


def evaluation_batches(
    split: Split, batch_size: int, preprocessing: Normalisation, device: torch.device | str
) -> Iterator[Batch]:
    """Make batches of all images in their order, unchanged but for (x / 255 - mean) / std.

    Yields:
        Images (B, 3, H, W) float32 in channels-last layout, and labels (B,) int64.
    """
    normalise = _Normaliser(preprocessing, device)
    for start in range(0, len(split), batch_size):
        rows = slice(start, start + batch_size)
        pixels = torch.from_numpy(split.pixels(rows)).to(device)
        # Copied: a tensor must not share memory with a read-only array.
        labels = torch.from_numpy(np.array(split.labels[rows])).to(device)
        yield normalise(pixels), labels


class _Normaliser:
    """Turns bytes (B, H, W, 3) into the floats (B, 3, H, W) a network expects."""

    def __init__(self, preprocessing: Normalisation, device: torch.device | str) -> None:
        # All tensors: CUDA multiplies by the reciprocal of a Python number, one rounding more.
        self._full = torch.tensor(255.0, device=device)
        self._mean = torch.tensor(preprocessing.mean, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(preprocessing.std, device=device).view(1, 3, 1, 1)

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        # The permuted view of H, W, C bytes already has the channels-last layout.
        images = pixels.permute(0, 3, 1, 2).float()
        return images.div_(self._full).sub_(self._mean).div_(self._std)


def _augment(
    pixels: torch.Tensor, settings: AugmentSettings, generator: torch.Generator
) -> torch.Tensor:
    """Shift and mirror each of the images (B, H, W, 3) on its own."""
    count, height, width, channels = pixels.shape
    device = pixels.device
    rows = _mirrored(height, _shifts(count, settings.shift * height, generator), device)
    columns = _mirrored(width, _shifts(count, settings.shift * width, generator), device)
    if settings.flip:
        flipped = torch.rand(count, 1, generator=generator, device=generator.device) < 0.5
        columns = torch.where(flipped.to(device), columns.flip(1), columns)
    image = torch.arange(count, device=device).view(-1, 1, 1)
    source = (image * height + rows.unsqueeze(2)) * width + columns.unsqueeze(1)
    # One flat gather: more than twice as fast on a CPU as indexing with three index tensors.
    return pixels.reshape(-1, channels).index_select(0, source.flatten()).view(pixels.shape)


def _shifts(count: int, most: float, generator: torch.Generator) -> torch.Tensor:
    """Draw (count, 1) shifts of up to so many pixels each way."""
    low, high, shape = -round(most), round(most) + 1, (count, 1)
    return torch.randint(low, high, shape, generator=generator, device=generator.device)


def _mirrored(side: int, shifts: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return (count, side) positions to read from, mirrored at the border."""
    positions = (torch.arange(side, device=device) + shifts.to(device)).abs()
    return side - 1 - (side - 1 - positions).abs()
