"""Scale a box of each image to one size: bilinear, antialiased, each image its own box.

The same arithmetic as Pillow's and torch's `antialias=True`: enlarged, a pixel is a blend of its
two neighbours each way; reduced by a factor f, the triangle of the weights is f times as wide, so
that no stored pixel is skipped. Rows are blended first, then columns.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tatl_search.data.augment.draws import to_device
from tatl_search.data.augment.rectangles import Rectangles

CHUNK = 2**18
"""Values turned to floats at a time on a CPU: 1 MiB, beyond which it waits for new memory."""


def resample(pixels: Tensor, boxes: Rectangles, mirrored: Tensor, side: int) -> Tensor:
    """Scale a box of each image to a square, some of them mirrored left to right.

    Args:
        pixels: (B, S, S, 3) bytes.
        boxes: one an image.
        mirrored: (B,) booleans.
        side: T, of the result.

    Returns:
        (B, T, T, 3) float32 from 0 to 255.
    """
    stored, device = pixels.shape[1], pixels.device
    straight = torch.zeros_like(mirrored)
    rows = _taps(boxes.top, boxes.height, straight, side, stored)
    columns = _taps(boxes.left, boxes.width, mirrored, side, stored)
    taps = [to_device(values, device) for values in (*rows, *columns)]
    result = torch.empty(len(pixels), side, side, pixels.shape[3], device=device)
    step = max(1, CHUNK // pixels[0].numel()) if device.type == "cpu" else len(pixels)
    parts = (torch.split(values, step) for values in (result, pixels, *taps))
    for target, images, row, row_weights, column, column_weights in zip(*parts, strict=True):
        tall = _blend(images.float(), row, row_weights)
        target.copy_(_blend(tall.transpose(1, 2), column, column_weights).transpose(1, 2))
    return result


def _taps(
    start: Tensor, length: Tensor, mirrored: Tensor, side: int, stored: int
) -> tuple[Tensor, Tensor]:
    """Return which pixels each output pixel blends, and their weights, along one direction.

    Returns:
        Positions (B, side, taps) int64 and weights (B, side, taps) float32 that sum to 1.
    """
    start, length = start.view(-1, 1, 1), length.view(-1, 1, 1)
    places = torch.arange(side, dtype=torch.float64, device=start.device).view(1, -1, 1)
    places = torch.where(mirrored.view(-1, 1, 1), side - 1 - places, places)
    factor = length / side
    centres = start + (places + 0.5) * factor
    reach = factor.clamp(min=1.0)
    taps = 2 * math.ceil(max(stored / side, 1.0)) + 1
    positions = (centres - reach + 0.5).floor().long()
    positions = positions + torch.arange(taps, device=start.device)
    weights = (1.0 - (positions + 0.5 - centres).abs() / reach).clamp(min=0.0)
    last = start + length - 1
    weights = weights * ((positions >= start) & (positions <= last))
    weights = weights / weights.sum(dim=2, keepdim=True)
    # Neighbours outside the box weigh nothing, but must be somewhere to be read.
    return torch.minimum(torch.maximum(positions, start), last), weights.float()


def _blend(images: Tensor, positions: Tensor, weights: Tensor) -> Tensor:
    """Return (B, T, R, 3): each row a blend of some rows of images (B, S, R, 3).

    An embedding bag is just that, weighted sums of rows of a table, and fast wherever torch runs.
    """
    count, stored, length, channels = images.shape
    rows = positions + torch.arange(count, device=images.device).view(-1, 1, 1) * stored
    table = images.reshape(count * stored, length * channels)
    blended = F.embedding_bag(
        rows.flatten(0, 1), table, per_sample_weights=weights.flatten(0, 1), mode="sum"
    )
    return blended.view(count, positions.shape[1], length, channels)
