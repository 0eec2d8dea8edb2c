"""Each change against torchvision's function of the same name, one image at a time."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from tatl_search.config import AugmentSettings
from tatl_search.data.augment.colours import brightened, contrasted, jitter, saturated, turned

COUNT, SIDE = 12, 9
Change = Callable[[Tensor, Tensor], Tensor]
PAIRS: list[tuple[Change, Callable[[Tensor, float], Tensor], tuple[float, float]]] = [
    (brightened, tv.adjust_brightness, (0.0, 2.0)),
    (contrasted, tv.adjust_contrast, (0.0, 2.0)),
    (saturated, tv.adjust_saturation, (0.0, 2.0)),
    (turned, tv.adjust_hue, (-0.5, 0.5)),
]


def images() -> Tensor:
    """Make random images; one is black, one white, one grey, one of pure colours."""
    made = torch.rand(COUNT, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    made[0], made[1], made[2] = 0.0, 1.0, 0.4
    made[3] = made[3].round()
    return made.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("ours", "theirs", "ends"), PAIRS)
def test_equal_to_torchvision(
    ours: Change, theirs: Callable[[Tensor, float], Tensor], ends: tuple[float, float]
) -> None:
    made, factors = images(), torch.linspace(*ends, COUNT)[torch.randperm(COUNT)]
    found = ours(made, factors.view(-1, 1, 1, 1))
    expected = torch.stack(
        [theirs(image, float(factor)) for image, factor in zip(made, factors, strict=True)]
    )
    torch.testing.assert_close(found, expected, atol=2e-6, rtol=0.0)
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("ours", "theirs", "ends"), PAIRS)
def test_the_neutral_factor_changes_nothing(
    ours: Change, theirs: Callable[[Tensor, float], Tensor], ends: tuple[float, float]
) -> None:
    made = images()
    neutral = torch.full((COUNT, 1, 1, 1), sum(ends) / 2)
    torch.testing.assert_close(ours(made, neutral), made, atol=1e-6, rtol=0.0)


def test_each_image_draws_its_own_factor_evenly() -> None:
    grey = torch.full((2000, 3, 1, 1), 0.5)
    found = jitter(grey, AugmentSettings(brightness=0.4), torch.Generator().manual_seed(0))
    factors = found[:, 0, 0, 0] / 0.5
    assert factors.min() == pytest.approx(0.6, abs=0.01)
    assert factors.max() == pytest.approx(1.4, abs=0.01)
    assert factors.mean() == pytest.approx(1.0, abs=0.03)
    assert len(set(factors.tolist())) > 1900


def test_the_order_is_brightness_contrast_saturation_hue() -> None:
    """The factors are read off the same draws, made one setting at a time."""
    made = images()
    settings = AugmentSettings(brightness=0.9, contrast=0.9, saturation=0.9, hue=0.5)
    found = jitter(made, settings, torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    expected = made
    for name in ("brightness", "contrast", "saturation", "hue"):
        alone = AugmentSettings.model_validate({name: getattr(settings, name)})
        expected = jitter(expected, alone, generator)
    assert torch.equal(found, expected)


def test_without_settings_nothing_is_drawn() -> None:
    made, generator = images(), torch.Generator().manual_seed(0)
    before = generator.get_state()
    assert jitter(made, AugmentSettings(), generator) is made
    assert torch.equal(generator.get_state(), before)


def test_the_images_given_are_left_alone() -> None:
    made = images()
    before = made.clone()
    settings = AugmentSettings(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)
    jitter(made, settings, torch.Generator())
    assert torch.equal(made, before)
