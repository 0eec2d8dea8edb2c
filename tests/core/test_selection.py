"""The cumulative threshold against exact fractions and by eye."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.core.selection import candidate_units, kept_count

counts = st.lists(st.integers(0, 1000), min_size=1, max_size=60).filter(any)
percents = st.integers(1, 100)


@pytest.mark.parametrize(
    ("activations", "threshold", "kept"),
    [
        ([5.0, 3.0, 1.0, 1.0], 0.5, 1),
        ([5.0, 3.0, 1.0, 1.0], 0.51, 2),
        ([5.0, 3.0, 1.0, 1.0], 0.9, 3),
        ([5.0, 3.0, 1.0, 1.0], 1.0, 4),
        ([5.0, 3.0, 0.0, 0.0], 1.0, 2),
        ([7.0, 2.0, 1.0], 0.9, 2),  # 0.7 + 0.2 < 0.9 in floating point
        ([4.0], 0.3, 1),
    ],
)
def test_kept_count_by_eye(activations: list[float], threshold: float, kept: int) -> None:
    assert kept_count(np.array(activations), threshold) == kept


@given(counts, percents)
def test_kept_set_is_the_smallest_that_reaches_the_threshold(
    activations: list[int], percent: int
) -> None:
    """Integers and percents, so that fractions say exactly what is right."""
    strongest_first = sorted(activations, reverse=True)
    needed = Fraction(percent, 100) * sum(activations)
    naive = next(k for k in range(1, len(activations) + 1) if sum(strongest_first[:k]) >= needed)

    assert kept_count(np.array(activations, dtype=np.float64), percent / 100) == naive


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_candidates_are_the_weakest_and_together_with_the_kept_all_units(
    activations: list[float], threshold: float
) -> None:
    values = np.array(activations)
    candidates = candidate_units(values, threshold).tolist()
    kept = sorted(set(range(len(values))) - set(candidates))

    assert len(kept) == kept_count(values, threshold) >= 1
    assert candidates == sorted(candidates, key=lambda unit: (values[unit], unit))
    if candidates:
        assert values[candidates].max() <= values[kept].min()


def test_equal_units_go_by_index() -> None:
    assert candidate_units(np.array([1.0, 0.5, 1.0, 1.0, 0.5]), 0.5).tolist() == [1, 4, 0]


@pytest.mark.parametrize("activations", [[0.0, 0.0, 0.0], [1.0, np.nan, 2.0], [1.0, np.inf, 2.0]])
def test_dead_and_non_finite_groups_offer_nothing(activations: list[float]) -> None:
    assert kept_count(np.array(activations), 0.5) == 3
    assert candidate_units(np.array(activations), 0.5).tolist() == []


def test_float32_statistics_are_summed_in_float64() -> None:
    activations = np.full(10_000, 0.1, dtype=np.float32)
    assert kept_count(activations, 0.5) == 5_000
