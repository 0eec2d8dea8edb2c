"""Batches for training and evaluation, made on the device from packed bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from tatl_search.config import AugmentSettings
from tatl_search.data.augment.colours import jitter
from tatl_search.data.augment.crops import centre_crop, crop
from tatl_search.data.augment.draws import to_device
from tatl_search.data.augment.erasing import erase
from tatl_search.data.augment.mixing import mix
from tatl_search.data.order import epoch_order
from tatl_search.data.target import Rows, Split

Batch = tuple[Tensor, Tensor]


class Normalisation(Protocol):
    """What a network expects of its input, scaled to 0..1 before: a mean and a deviation."""

    @property
    def mean(self) -> tuple[float, float, float]:
        """Mean of each channel."""

    @property
    def std(self) -> tuple[float, float, float]:
        """Standard deviation of each channel."""


@dataclass(frozen=True)
class InputForm:
    """What a network is fed.

    Attributes:
        side: of the square images in pixels; at most that of the stored ones.
        normalisation: of their values.
        device: where batches are made.
    """

    side: int
    normalisation: Normalisation
    device: torch.device | str


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Return how many batches `training_batches` makes of so many images."""
    full, rest = divmod(images, batch_size)
    return full + (rest > 1)


def training_batches(
    split: Split,
    batch_size: int,
    settings: AugmentSettings,
    form: InputForm,
    classes: int,
    generator: torch.Generator,
) -> Iterator[Batch]:
    """Make one epoch of shuffled, augmented batches.

    Each image draws its own crop, mirroring, colours, blank and share of another image, in this
    order; what the settings leave out draws nothing. The same state of the generator gives the
    same batches bit for bit, as long as nothing else draws from it meanwhile.

    Args:
        split: the images; never written to.
        batch_size: images a batch, at least 2; the last one may be smaller, and is dropped if it
            has a single image, over which batch normalisation has no variance.
        settings: which augmentation.
        form: what the network is fed.
        classes: C, number of classes.
        generator: the only source of randomness, on any device.

    Yields:
        Images (B, 3, side, side) float32 in channels-last layout, and labels: (B,) int64, or
        with mixup or cutmix (B, C) float32, the share of each class.
    """
    order = epoch_order(split, generator)
    reader, normalise = _Reader(split, batch_size, form.device), _Normaliser(form)
    for step in range(steps_per_epoch(len(split), batch_size)):
        chosen = order[step * batch_size : (step + 1) * batch_size]
        images = _to_unit(crop(reader.pixels(chosen), form.side, settings, generator))
        images = normalise(jitter(images, settings, generator))
        images = erase(images, settings.erase, generator)
        yield mix(images, reader.labels(chosen), settings, classes, generator)


def evaluation_batches(split: Split, batch_size: int, form: InputForm) -> Iterator[Batch]:
    """Make batches of all images in their order: the centre crop, (x / 255 - mean) / std.

    Yields:
        Images (B, 3, side, side) float32 in channels-last layout, and labels (B,) int64.
    """
    reader, normalise = _Reader(split, batch_size, form.device), _Normaliser(form)
    for start in range(0, len(split), batch_size):
        rows = slice(start, start + batch_size)
        images = _to_unit(centre_crop(reader.pixels(rows), form.side))
        yield normalise(images), reader.labels(rows)


class _Reader:
    """Copies a split's images and labels to the device, batch by batch.

    One buffer serves all batches: stored images may be many times the input's size, and memory
    taken anew for each batch costs time and is not all given back. What is read is therefore
    good until the next is.
    """

    def __init__(self, split: Split, batch_size: int, device: torch.device | str) -> None:
        self._split = split
        self._device = device
        shape = (min(batch_size, len(split)), *split.images.shape[1:])
        self._buffer = np.empty(shape, np.uint8)

    def pixels(self, which: slice | Rows) -> Tensor:
        """Return stored images (B, S, S, 3)."""
        rows = self._split.rows[which]
        into = self._buffer[: len(rows)]
        # Any mode but the default one writes without a buffer of its own; all rows are in range.
        np.take(self._split.images, rows, axis=0, out=into, mode="clip")
        return to_device(torch.from_numpy(into), self._device)

    def labels(self, which: slice | Rows) -> Tensor:
        """Return labels (B,), new memory."""
        return to_device(torch.from_numpy(self._split.labels[which].copy()), self._device)


def _to_unit(pixels: Tensor) -> Tensor:
    """Turn values 0..255 (B, H, W, 3) into floats 0..1 (B, 3, H, W), channels last."""
    # A tensor: CUDA multiplies by the reciprocal of a Python number, one rounding more.
    full = torch.full((), 255.0, device=pixels.device)
    # The permuted view of H, W, C values already has the channels-last layout.
    return pixels.permute(0, 3, 1, 2).float().div_(full)


class _Normaliser:
    """Shifts and scales images (B, 3, H, W) in place."""

    def __init__(self, form: InputForm) -> None:
        # As long as a row: more than twice as fast on a CPU as three numbers for each pixel.
        mean, std = form.normalisation.mean, form.normalisation.std
        self._mean = torch.tensor(mean, device=form.device).repeat(form.side)
        self._std = torch.tensor(std, device=form.device).repeat(form.side)

    def __call__(self, images: Tensor) -> Tensor:
        channels_last = images.permute(0, 2, 3, 1)
        rows = channels_last.flatten(2).sub_(self._mean).div_(self._std)
        return rows.view(channels_last.shape).permute(0, 3, 1, 2)
