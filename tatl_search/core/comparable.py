"""Scores of different groups on one scale."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tatl_search.config import Normalize

Floats = npt.NDArray[np.floating[Any]]


def comparable(scores: Floats, how: Normalize) -> Floats:
    """Return a group's scores divided by their sum, mean or maximum, or as they are.

    A dead group (all 0) and one with a score that is not finite stay as they are.

    Args:
        scores: (width,) numbers >= 0.
        how: by what they are divided.
    """
    match how:
        case Normalize.NONE:
            scale = 1.0
        case Normalize.SUM:
            scale = float(np.sum(scores))
        case Normalize.MEAN:
            scale = float(np.mean(scores))
        case Normalize.MAX:
            scale = float(np.max(scores))
    return scores / scale if scale > 0.0 and np.isfinite(scale) else scores
