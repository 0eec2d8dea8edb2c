"""How much of one front another one covers, on plain arrays."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


def coverage(front: Floats, other: Floats) -> float:
    """Return the share of another front that this one covers: the C metric.

    C(A, B) of Zitzler and Thiele (1999, IEEE Trans. Evolutionary Computation 3:257-271): the
    share of B of which each point is equalled or dominated by one of A. C(A, B) and C(B, A) need
    not add up to 1: points that neither side beats count for neither. NaN without another front.

    Args:
        front: (N, D) minimised: A.
        other: (M, D) minimised: B.
    """
    if not len(other):
        return float("nan")
    covered = [np.any(np.all(front <= point, axis=1)) for point in other]
    return float(np.mean(covered))
