import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from tatl_search.config import AugmentSettings
from tatl_search.data.batches import (
    Batch,
    InputForm,
    evaluation_batches,
    steps_per_epoch,
    training_batches,
)
from tatl_search.data.reading import to_square
from tatl_search.data.target import Split

CPU = torch.device("cpu")
SIDE = 16
CLASSES = 50


@dataclass(frozen=True)
class Preprocessing:
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


BYTES = Preprocessing(mean=(0.0, 0.0, 0.0), std=(1 / 255, 1 / 255, 1 / 255))
STILL = AugmentSettings(shift=0.0, flip=False)


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    """Read-only arrays handed to torch as they are would warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def read_only(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> Split:
    """Make a split of all images, last one first."""
    rows = np.arange(len(images))[::-1].copy()
    own = labels[rows]
    images.flags.writeable = own.flags.writeable = rows.flags.writeable = False
    return Split(images, rows, own)


def noise(count: int) -> Split:
    """Make random images; the label of an image is its number."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
    return read_only(images, np.arange(count, dtype=np.int64))


def same_image(count: int) -> Split:
    """Make one random image many times."""
    image = np.random.default_rng(1).integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8)
    return read_only(np.repeat(image, count, axis=0), np.zeros(count, np.int64))


def epoch(
    split: Split,
    augment: AugmentSettings = STILL,
    batch_size: int = 4,
    seed: int = 0,
    preprocessing: Preprocessing = BYTES,
) -> list[Batch]:
    generator = torch.Generator().manual_seed(seed)
    form = InputForm(SIDE, preprocessing, CPU)
    return list(training_batches(split, batch_size, augment, form, CLASSES, generator))


def evaluation(
    split: Split, batch_size: int = 4, preprocessing: Preprocessing = BYTES, side: int = SIDE
) -> list[Batch]:
    return list(evaluation_batches(split, batch_size, InputForm(side, preprocessing, CPU)))


def pixels(batch: torch.Tensor) -> npt.NDArray[np.uint8]:
    """Return normalised images as bytes (B, H, W, 3) again."""
    rounded = batch.permute(0, 2, 3, 1).round()
    assert torch.allclose(batch.permute(0, 2, 3, 1), rounded, atol=1e-3)
    return rounded.to(torch.uint8).numpy()


def naive(image: npt.NDArray[np.uint8], dy: int, dx: int, mirrored: bool) -> bytes:
    """Pad by mirroring the border, crop, then mirror: one image at a time."""
    margin = max(abs(dy), abs(dx), 1)
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    top, left = margin + dy, margin + dx
    crop = padded[top : top + SIDE, left : left + SIDE]
    return (crop[:, ::-1] if mirrored else crop).tobytes()


def test_evaluation_is_exact() -> None:
    split, wanted = noise(10), Preprocessing()
    batches = evaluation(split, 4, wanted)
    assert [len(labels) for _, labels in batches] == [4, 4, 2]
    images = torch.cat([images for images, _ in batches])
    mean, std = np.array([wanted.mean, wanted.std], dtype=np.float32)
    expected = (split.images[::-1].astype(np.float32) / np.float32(255) - mean) / std
    np.testing.assert_array_equal(images.permute(0, 2, 3, 1).numpy(), expected)
    assert torch.cat([labels for _, labels in batches]).tolist() == list(range(10))[::-1]


@pytest.mark.parametrize(
    ("size", "stored", "side"), [((60, 40), 40, 32), ((33, 50), 28, 28), ((90, 90), 72, 64)]
)
def test_evaluation_is_torchvisions_transform(
    size: tuple[int, int], stored: int, side: int
) -> None:
    """Resize and CenterCrop of a picture of any shape, to the last bits of the division."""
    wanted = Preprocessing()
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    transform = v2.Compose(
        [
            v2.Resize(stored, interpolation=v2.InterpolationMode.BICUBIC),
            v2.CenterCrop(side),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(wanted.mean, wanted.std),
        ]
    )
    split = read_only(to_square(picture, stored)[None], np.zeros(1, np.int64))
    ((images, _),) = evaluation(split, 4, wanted, side)
    torch.testing.assert_close(images[0], transform(picture), atol=1e-5, rtol=0.0)


def test_form_of_the_batches() -> None:
    batches = [*epoch(noise(8)), *evaluation(noise(8))]
    for images, labels in batches:
        assert images.shape == (4, 3, SIDE, SIDE)
        assert images.dtype == torch.float32
        assert images.is_contiguous(memory_format=torch.channels_last)
        assert labels.dtype == torch.int64


def test_an_epoch_sees_every_image_once_with_its_label() -> None:
    split = noise(10)
    batches = epoch(split)
    labels = torch.cat([labels for _, labels in batches]).tolist()
    assert sorted(labels) == list(range(10))
    assert labels != list(range(10))
    seen = np.concatenate([pixels(images) for images, _ in batches])
    np.testing.assert_array_equal(seen, split.images[labels])


def test_training_and_evaluation_normalise_alike() -> None:
    split, wanted = noise(6), Preprocessing()
    (images, labels), *_ = epoch(split, batch_size=6, preprocessing=wanted)
    (expected, _), *_ = evaluation(split, 6, wanted)
    assert torch.equal(images, expected[5 - labels])


@pytest.mark.parametrize("flip", [False, True])
def test_each_image_draws_its_own_shift_and_flip(flip: bool) -> None:
    """Of one image many times, every possible shift by at most 2 comes out, and nothing else."""
    split = same_image(600)
    augment = AugmentSettings(shift=2 / SIDE, flip=flip)
    possible = {
        naive(split.images[0], dy, dx, mirrored)
        for dy in range(-2, 3)
        for dx in range(-2, 3)
        for mirrored in {False, flip}
    }
    assert len(possible) == (50 if flip else 25)
    ((images, _),) = epoch(split, augment, batch_size=600)
    assert {image.tobytes() for image in pixels(images)} == possible


def test_flip_alone_mirrors_about_half() -> None:
    split = same_image(400)
    ((images, _),) = epoch(split, AugmentSettings(shift=0.0, flip=True), batch_size=400)
    mirrored = split.images[0][:, ::-1].tobytes()
    share = np.mean([image.tobytes() == mirrored for image in pixels(images)])
    assert 0.4 < share < 0.6


def test_augmented_images_keep_their_labels() -> None:
    """Images of one colour stay so, however they are moved; the label is the colour."""
    values = np.arange(50)
    images = np.broadcast_to(values[:, None, None, None], (50, SIDE, SIDE, 3)).astype(np.uint8)
    split = read_only(images, values.astype(np.int64))
    for batch, labels in epoch(split, AugmentSettings(shift=0.5, flip=True), batch_size=8):
        expected = labels.view(-1, 1, 1, 1).expand(batch.shape).float()
        torch.testing.assert_close(batch, expected, atol=1e-3, rtol=0)


def test_same_seed_same_batches_bit_for_bit() -> None:
    augment = AugmentSettings(shift=0.2, flip=True)
    first, again, other = (epoch(noise(20), augment, seed=seed) for seed in (5, 5, 6))
    assert all(
        torch.equal(a, b) and torch.equal(x, y) for (a, x), (b, y) in zip(first, again, strict=True)
    )
    assert not torch.equal(first[0][0], other[0][0])


def test_successive_epochs_differ() -> None:
    generator, form = torch.Generator().manual_seed(0), InputForm(SIDE, BYTES, CPU)
    first, second = (
        torch.cat([x for _, x in training_batches(noise(20), 5, STILL, form, CLASSES, generator)])
        for _ in range(2)
    )
    assert not torch.equal(first, second)


EVERYTHING = AugmentSettings(
    crop="resized",
    flip=True,
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    hue=0.1,
    erase=0.5,
    mixup=0.2,
    cutmix=1.0,
)


@pytest.mark.parametrize("batch_size", [2, 4])
def test_everything_together(batch_size: int) -> None:
    """With all settings on, batches keep their form, follow the seed, and labels are shares."""
    split = noise(10)
    first, again, other = (epoch(split, EVERYTHING, batch_size, seed) for seed in (5, 5, 6))
    for (images, shares), (same, equal) in zip(first, again, strict=True):
        assert torch.equal(images, same)
        assert torch.equal(shares, equal)
        assert images.shape == (len(shares), 3, SIDE, SIDE)
        assert images.dtype == torch.float32
        assert images.is_contiguous(memory_format=torch.channels_last)
        assert shares.shape == (len(images), CLASSES)
        torch.testing.assert_close(shares.sum(1), torch.ones(len(images)))
    assert not torch.equal(first[0][0], other[0][0])


def test_settings_do_not_disturb_the_draws_before_them() -> None:
    """Erasing changes what it blanks and leaves the first batch's crops as they were."""
    plain, erased = (
        epoch(noise(8), AugmentSettings(shift=0.2, flip=True, erase=erase), batch_size=8)[0][0]
        for erase in (0.0, 1.0)
    )
    blank = (erased == 0.0).all(1, keepdim=True)
    assert 0.01 < blank.double().mean() < 0.4
    assert torch.equal(torch.where(blank, 0.0, plain), erased)


@pytest.mark.parametrize("augment", [STILL, EVERYTHING, AugmentSettings(crop="none")])
def test_the_source_is_never_written_to(augment: AugmentSettings) -> None:
    split = noise(9)
    before = split.images.tobytes()
    for images, labels in [*epoch(split, augment), *evaluation(split)]:
        images.fill_(0)
        labels.fill_(0)
    assert split.images.tobytes() == before
    assert split.labels.tolist() == list(range(9))[::-1]


@pytest.mark.parametrize(
    ("images", "batch_size", "sizes"),
    [(8, 4, [4, 4]), (9, 4, [4, 4]), (10, 4, [4, 4, 2]), (3, 4, [3]), (1, 4, [])],
)
def test_only_a_last_batch_of_one_is_dropped(
    images: int, batch_size: int, sizes: list[int]
) -> None:
    batches = epoch(noise(images), batch_size=batch_size)
    assert [len(labels) for _, labels in batches] == sizes
    assert steps_per_epoch(images, batch_size) == len(sizes)


@settings(max_examples=40, deadline=None)
@given(images=st.integers(1, 40), batch_size=st.integers(2, 12))
def test_steps_are_counted_as_they_are_made(images: int, batch_size: int) -> None:
    batches = epoch(noise(images), batch_size=batch_size)
    assert len(batches) == steps_per_epoch(images, batch_size)
    assert sum(len(labels) for _, labels in batches) == images - (images % batch_size == 1)
