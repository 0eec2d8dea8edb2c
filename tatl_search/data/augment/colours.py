"""Brightness, contrast, saturation and hue: torchvision's `adjust_*`, a factor for each image."""

from collections.abc import Callable

import torch
from torch import Tensor

from tatl_search.config import AugmentSettings
from tatl_search.data.augment.draws import to_device, uniform

GREY = (0.2989, 0.587, 0.114)
"""Weights of red, green and blue in a grey (ITU-R BT.601, as torchvision rounds them)."""


def jitter(images: Tensor, settings: AugmentSettings, generator: torch.Generator) -> Tensor:
    """Change the colours of each image by factors of its own.

    The order is fixed: brightness, contrast, saturation, hue; values are cut to 0..1 after each.
    (torchvision's `ColorJitter` draws the order, one for all images of a batch.)

    Args:
        images: (B, 3, H, W) float32 from 0 to 1.
        settings: the greatest changes; what is 0 is left out and draws nothing.
        generator: the only source of randomness.
    """
    steps: tuple[tuple[Callable[[Tensor, Tensor], Tensor], float, float], ...] = (
        (brightened, settings.brightness, 1.0),
        (contrasted, settings.contrast, 1.0),
        (saturated, settings.saturation, 1.0),
        (turned, settings.hue, 0.0),
    )
    for change, most, neutral in steps:
        if most > 0.0:
            drawn = uniform(neutral - most, neutral + most, (len(images), 1, 1, 1), generator)
            images = change(images, to_device(drawn.float(), images.device))
    return images


def brightened(images: Tensor, factors: Tensor) -> Tensor:
    """Multiply images (B, 3, H, W) by factors (B, 1, 1, 1)."""
    return (images * factors).clamp_(0.0, 1.0)


def contrasted(images: Tensor, factors: Tensor) -> Tensor:
    """Multiply each value's distance from its image's mean grey."""
    return _from(_grey(images).mean(dim=(1, 2, 3), keepdim=True), images, factors)


def saturated(images: Tensor, factors: Tensor) -> Tensor:
    """Multiply each value's distance from its pixel's grey."""
    return _from(_grey(images), images, factors)


def turned(images: Tensor, turns: Tensor) -> Tensor:
    """Turn each pixel's hue by shares of the colour circle; HSV's value and saturation stay.

    With hue h in sixths of the circle, channel n is V - VS max(0, min(k, 4 - k, 1)), where k is
    (n + h) mod 6 and n is 5, 3, 1 for red, green, blue (the closed form of HSV's six cases).
    """
    red, green, blue = images.unbind(dim=1)
    high = images.amax(dim=1)
    spread = high - images.amin(dim=1)
    divisor = torch.where(spread > 0.0, spread, 1.0)
    hue = torch.where(
        red == high,
        (green - blue) / divisor,
        torch.where(green == high, 2.0 + (blue - red) / divisor, 4.0 + (red - green) / divisor),
    )
    turned_hue = hue + 6.0 * turns.squeeze(1)
    channels = []
    for offset in (5.0, 3.0, 1.0):
        place = (turned_hue + offset).remainder_(6.0)
        share = torch.minimum(place, 4.0 - place).clamp_(0.0, 1.0)
        channels.append(high - spread * share)
    # Stacked as the last dimension and moved forward: channels-last layout.
    return torch.stack(channels, dim=3).permute(0, 3, 1, 2).clamp_(0.0, 1.0)


def _grey(images: Tensor) -> Tensor:
    """Return (B, 1, H, W)."""
    red, green, blue = images.unbind(dim=1)
    return (red * GREY[0]).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2]).unsqueeze(1)


def _from(base: Tensor, images: Tensor, factors: Tensor) -> Tensor:
    return torch.lerp(base, images, factors).clamp_(0.0, 1.0)
