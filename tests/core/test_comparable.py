"""Scores on one scale, by eye."""

import numpy as np
import pytest

from tatl_search.config import Normalize
from tatl_search.core.comparable import comparable


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Normalize.NONE, [1.0, 0.0, 3.0]),
        (Normalize.SUM, [0.25, 0.0, 0.75]),
        (Normalize.MEAN, [0.75, 0.0, 2.25]),
        (Normalize.MAX, [1 / 3, 0.0, 1.0]),
    ],
)
def test_by_eye(how: Normalize, expected: list[float]) -> None:
    assert comparable(np.array([1.0, 0.0, 3.0]), how).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("how", list(Normalize))
def test_dead_and_non_finite_groups_stay_as_they_are(how: Normalize) -> None:
    for scores in ([0.0, 0.0], [1.0, np.inf], [1.0, np.nan]):
        np.testing.assert_array_equal(comparable(np.array(scores), how), scores)
