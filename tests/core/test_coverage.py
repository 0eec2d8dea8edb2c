"""The C metric, on fronts small enough to check by eye."""

import math

import numpy as np
import pytest

from tatl_search.core.coverage import coverage

STAIRS = np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 0.0]])


@pytest.mark.parametrize(
    ("front", "other", "share"),
    [
        (STAIRS, STAIRS, 1.0),
        (STAIRS, STAIRS + 1.0, 1.0),
        (STAIRS + 1.0, STAIRS, 0.0),
        (STAIRS[:1], STAIRS, 1 / 3),
        (STAIRS[:0], STAIRS, 0.0),
        (np.array([[1.0, 1.0]]), np.array([[0.5, 1.5], [1.5, 1.0]]), 0.5),
    ],
)
def test_the_share_that_is_equalled_or_beaten(
    front: np.ndarray, other: np.ndarray, share: float
) -> None:
    assert coverage(front, other) == pytest.approx(share)


def test_of_no_front_nothing_is_known() -> None:
    assert math.isnan(coverage(STAIRS, STAIRS[:0]))
