"""The priority by eye, and what must not change it."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tatl_search.config import PriorityWeights
from tatl_search.core.priority import priorities, walking_order

Floats = npt.NDArray[np.float64]

REDUNDANCY = np.array([0.5, 0.25, 0.0])
MACS_SAVED = np.array([100.0, 400.0, 0.0])
PARAMETERS_SAVED = np.array([30.0, 15.0, 0.0])
OFFERS = np.array([True, True, False])

terms = arrays(np.float64, 6, elements=st.floats(0.0, 1e9))
masks = arrays(np.bool_, 6)
weight = st.floats(0.01, 10.0)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((1.0, 0.0, 0.0), [1.0, 0.5, 0.0]),
        ((0.0, 1.0, 0.0), [0.25, 1.0, 0.0]),
        ((0.0, 0.0, 1.0), [1.0, 0.5, 0.0]),
        ((1.0, 1.0, 0.0), [0.625, 0.75, 0.0]),
        ((2.0, 1.0, 1.0), [(2.0 + 0.25 + 1.0) / 4, (1.0 + 1.0 + 0.5) / 4, 0.0]),
    ],
)
def test_priorities_by_eye(weights: tuple[float, float, float], expected: list[float]) -> None:
    redundancy, macs, parameters = weights
    settings = PriorityWeights(redundancy=redundancy, macs=macs, parameters=parameters)
    found = priorities(REDUNDANCY, MACS_SAVED, PARAMETERS_SAVED, OFFERS, settings)
    assert found == pytest.approx(expected)


def test_groups_without_candidates_set_no_maximum() -> None:
    found = priorities(
        np.array([0.2, 0.9]),
        np.array([10.0, 1e6]),
        np.array([0.0, 0.0]),
        np.array([True, False]),
        PriorityWeights(redundancy=1.0, macs=1.0, parameters=2.0),
    )
    assert found == pytest.approx([0.5, 0.0])


def test_no_candidates_anywhere() -> None:
    zeros = np.zeros(2)
    found = priorities(zeros, zeros, zeros, np.array([False, False]), PriorityWeights())
    assert found.tolist() == [0.0, 0.0]


@given(terms, terms, terms, masks, weight, weight, st.floats(0.01, 100.0))
def test_priority_is_invariant_to_a_scaling_of_the_weights(
    redundancy: Floats,
    macs: Floats,
    parameters: Floats,
    offers: npt.NDArray[np.bool_],
    first: float,
    second: float,
    scale: float,
) -> None:
    weights = PriorityWeights(redundancy=first, macs=second, parameters=first)
    scaled = PriorityWeights(
        redundancy=first * scale, macs=second * scale, parameters=first * scale
    )
    found = priorities(redundancy, macs, parameters, offers, weights)

    assert found == pytest.approx(priorities(redundancy, macs, parameters, offers, scaled))
    assert np.all((found >= 0.0) & (found <= 1.0 + 1e-12))
    assert not np.any(found[~offers])


@given(terms, masks, st.floats(0.001, 1000.0))
def test_priority_is_invariant_to_the_unit_of_a_saving(
    saved: Floats, offers: npt.NDArray[np.bool_], scale: float
) -> None:
    whole = np.round(saved)
    weights = PriorityWeights(redundancy=0.0, macs=1.0, parameters=1.0)
    found = priorities(whole, whole, whole, offers, weights)
    assert found == pytest.approx(priorities(whole, whole * scale, whole, offers, weights))


def test_walking_order_is_descending_and_ties_follow_the_network() -> None:
    assert walking_order(np.array([0.2, 0.9, 0.2, 1.0, 0.9])) == [3, 1, 4, 0, 2]
