"""Random rectangles in square images: what a crop shows, and what is blanked or pasted."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tatl_search.data.augment.draws import to_device, uniform

TRIES = 10


@dataclass(frozen=True)
class Rectangles:
    """One rectangle an image, in whole pixels and inside the image.

    Attributes:
        top: (B,) int64 first row.
        left: (B,) int64 first column.
        height: (B,) int64 number of rows.
        width: (B,) int64 number of columns.
    """

    top: Tensor
    left: Tensor
    height: Tensor
    width: Tensor

    def mask(self, side: int, device: torch.device | str) -> Tensor:
        """Return (B, side, side) booleans, true inside the rectangles."""
        rows = _between(self.top, self.height, side)
        columns = _between(self.left, self.width, side)
        return to_device(rows, device).unsqueeze(2) & to_device(columns, device).unsqueeze(1)


def draw_rectangles(
    count: int,
    side: int,
    area: tuple[float, float],
    aspect: tuple[float, float],
    generator: torch.Generator,
) -> Rectangles:
    """Draw rectangles as torchvision's `RandomResizedCrop` and `RandomErasing` do.

    The share of the area is even and the aspect log-even; of `TRIES` draws the first that fits
    into the image is taken, and the whole image where none does. Places are even.

    Args:
        count: B, number of images.
        side: of the square images in pixels.
        area: least and greatest share of the image's area.
        aspect: least and greatest width over height.
        generator: the only source of randomness.
    """
    areas = uniform(*area, (count, TRIES), generator) * side**2
    aspects = uniform(math.log(aspect[0]), math.log(aspect[1]), (count, TRIES), generator).exp()
    heights, widths = (areas / aspects).sqrt().round(), (areas * aspects).sqrt().round()
    fits = (heights >= 1) & (heights <= side) & (widths >= 1) & (widths <= side)
    # The one extra column is the whole image, found where nothing before it fits.
    heights, widths, fits = (_append(values, side) for values in (heights, widths, fits))
    first = fits.to(torch.uint8).argmax(dim=1, keepdim=True)
    height, width = (sides.gather(1, first).squeeze(1).long() for sides in (heights, widths))
    top, left = uniform(0.0, 1.0, (2, count), generator)
    return Rectangles(
        top=(top * (side - height + 1)).long(),
        left=(left * (side - width + 1)).long(),
        height=height,
        width=width,
    )


def _append(values: Tensor, last: int) -> Tensor:
    return torch.cat([values, torch.full_like(values[:, :1], last)], dim=1)


def _between(start: Tensor, length: Tensor, side: int) -> Tensor:
    positions = torch.arange(side, device=start.device)
    first = start.unsqueeze(1)
    return (positions >= first) & (positions < first + length.unsqueeze(1))
