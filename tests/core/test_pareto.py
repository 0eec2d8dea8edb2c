"""Fronts, hypervolumes, areas and knees against naive answers, Optuna and by eye."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna._hypervolume import compute_hypervolume

from tatl_search.core.pareto import area_under_front, hypervolume, knee, non_dominated

Floats = npt.NDArray[np.float64]
NAN = float("nan")


@st.composite
def points(draw: st.DrawFn, low: int = 1, dimensions: tuple[int, ...] = (2, 3)) -> Floats:
    """Rows on a coarse grid, so that equal values and equal rows are frequent."""
    width = draw(st.sampled_from(dimensions))
    row = st.lists(st.integers(0, 8), min_size=width, max_size=width)
    rows = draw(st.lists(row, min_size=low, max_size=25))
    return np.array(rows, dtype=np.float64).reshape(-1, width)


def dominates(better: Floats, worse: Floats) -> bool:
    return bool(np.all(better <= worse) and np.any(better < worse))


@given(points())
def test_non_dominated_is_the_definition(values: Floats) -> None:
    naive = [not any(dominates(other, row) for other in values) for row in values]
    assert non_dominated(values).tolist() == naive


def test_non_dominated_by_eye() -> None:
    values = np.array([[1, 5], [2, 3], [2, 3], [3, 3], [4, 1], [NAN, 0], [0, NAN]])
    assert non_dominated(values).tolist() == [True, True, True, False, True, False, False]
    assert non_dominated(np.empty((0, 2))).tolist() == []


def test_negative_zero_equals_zero() -> None:
    assert non_dominated(np.array([[0.0, 1.0], [-0.0, 1.0]])).tolist() == [True, True]


@given(points())
def test_hypervolume_counts_the_dominated_cells(values: Floats) -> None:
    """On integer points every unit cell is either dominated whole or not at all."""
    side, dimensions = 7, values.shape[1]
    corners = np.stack(np.meshgrid(*[np.arange(side)] * dimensions, indexing="ij"), axis=-1)
    cells = corners.reshape(-1, 1, dimensions)
    dominated = np.any(np.all(values[None] <= cells, axis=2), axis=1)
    assert hypervolume(values, np.full(dimensions, float(side))) == pytest.approx(dominated.sum())


@given(points(dimensions=(3,)), st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_hypervolume_equals_optunas(grid: Floats, seed: int) -> None:
    values = grid / 10 + np.random.default_rng(seed).random(grid.shape) / 10
    reference = np.ones(3)
    expected = compute_hypervolume(values, reference)
    assert hypervolume(values, reference) == pytest.approx(expected)
    expected_of_two = compute_hypervolume(values[:, :2], reference[:2])
    assert hypervolume(values[:, :2], reference[:2]) == pytest.approx(expected_of_two)


@given(points(dimensions=(3,)))
@settings(max_examples=30)
def test_hypervolume_by_inclusion_and_exclusion(values: Floats) -> None:
    few, reference = values[:6], np.full(3, 9.0)
    boxes = (
        (-1.0) ** (size + 1) * float(np.prod(reference - np.max(chosen, axis=0)))
        for size in range(1, len(few) + 1)
        for chosen in map(np.array, combinations(few, size))
    )
    assert hypervolume(few, reference) == pytest.approx(sum(boxes))


def test_hypervolume_by_eye() -> None:
    reference = np.array([0.0, 1.0])
    staircase = np.array([[-0.9, 1.0], [-0.8, 0.5], [-0.6, 0.25], [NAN, 0.0], [0.1, 0.0]])
    assert hypervolume(staircase, reference) == pytest.approx(0.8 * 0.5 + 0.6 * 0.25)
    assert hypervolume(np.empty((0, 2)), reference) == 0.0
    with pytest.raises(ValueError, match="2 or 3 objectives, not of 4"):
        hypervolume(np.ones((1, 4)), np.ones(4))


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 130)), max_size=20),
)
def test_area_is_the_mean_of_what_is_affordable(candidates: list[tuple[int, int]]) -> None:
    """Shares in hundredths: in each of the 90 steps from 0.10 to 1.00 the best is constant."""
    best = [
        max((accuracy for accuracy, share in candidates if share <= step), default=0) / 100
        for step in range(10, 100)
    ]
    accuracy = np.array([accuracy for accuracy, _ in candidates]) / 100
    share = np.array([share for _, share in candidates]) / 100
    assert area_under_front(accuracy, share) == pytest.approx(float(np.mean(best)))


def test_area_by_eye() -> None:
    accuracy, share = np.array([0.9, 0.6, NAN, 0.5]), np.array([1.0, 0.5, 0.2, 0.05])
    # 0.5 from 0.1 to 0.5, 0.6 from 0.5 to 1; 0.9 costs everything and buys no length.
    assert area_under_front(accuracy, share) == pytest.approx((0.5 * 0.4 + 0.6 * 0.5) / 0.9)
    assert area_under_front(np.array([0.8]), np.array([0.1])) == pytest.approx(0.8)
    assert area_under_front(np.array([]), np.array([])) == 0.0


def test_knee_by_eye() -> None:
    accuracy = np.array([0.90, 0.89, 0.86, 0.82, 0.70])
    macs = np.array([100.0, 60.0, 30.0, 20.0, 10.0])
    # Heights above the chord: 0, 0.39, 0.58, 0.49, 0.
    assert knee(accuracy, macs) == 2


def test_knee_is_near_the_best() -> None:
    """The farthest from the chord is 15 points down: the next within 10 is taken."""
    accuracy = np.array([0.90, 0.85, 0.75, 0.10])
    macs = np.array([100.0, 80.0, 11.0, 10.0])
    assert knee(accuracy, macs) == 1
    assert knee(np.array([0.90, 0.80, 0.10]), np.array([100.0, 11.0, 10.0])) == 1


def test_knee_ignores_the_dominated() -> None:
    accuracy = np.array([0.80, 0.90, NAN, 0.89])
    macs = np.array([10.0, 100.0, 1.0, 120.0])
    assert knee(accuracy, macs) == 0


def test_knee_of_one_and_of_none() -> None:
    assert knee(np.array([NAN, 0.5, 0.5]), np.array([1.0, 2.0, 2.0])) == 1
    with pytest.raises(ValueError, match="no candidate"):
        knee(np.array([NAN]), np.array([1.0]))
