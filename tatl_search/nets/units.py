"""From channels of a layer to units of a group, which may be several channels each."""

from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from tatl_search.nets.groups import Indices

Floats = npt.NDArray[np.float64]


def unit_sums(channels: npt.NDArray[np.floating[Any]], indices: Indices) -> Floats:
    """Return (width,) sums over the channels of each unit.

    Args:
        channels: (channels,) a number of each channel of a layer.
        indices: (width,) the channels that belong to each unit, at least one.
    """
    sizes = _sizes(indices)
    flat = np.fromiter(chain.from_iterable(indices), dtype=np.int64, count=int(sizes.sum()))
    sums: Floats = np.add.reduceat(channels[flat], np.cumsum(sizes) - sizes, dtype=np.float64)
    return sums


def unit_means(channels: npt.NDArray[np.floating[Any]], indices: Indices) -> Floats:
    """Return (width,) means over the channels of each unit, likewise."""
    return unit_sums(channels, indices) / _sizes(indices)


def _sizes(indices: Indices) -> npt.NDArray[np.int64]:
    return np.array([len(unit) for unit in indices])
