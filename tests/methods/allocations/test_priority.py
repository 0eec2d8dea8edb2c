"""TATL's plan by eye, and against its parts."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from tatl_search.config import PriorityWeights, Resource
from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.methods.allocations.priority import priority
from tests.methods.contexts import WIDTHS, context_by_hand

NAN = float("nan")

ACTIVATIONS = {
    "first": np.array([8.0, 0.5, 1.0, 0.5]),
    "second": np.array([0.1, 3.0, 3.0, 0.2, 3.0, 0.7]),
}
"""Kept at a threshold of 0.9: `first` 0 and 2 (0.9), `second` 1, 2 and 4 (0.9)."""


def run(
    activations: dict[str, npt.NDArray[np.float64]] | None = None,
    original_widths: Mapping[str, int] = WIDTHS,
    **changes: object,
) -> PrunePlan:
    return priority(context_by_hand(original_widths, **changes), activations or ACTIVATIONS).plan


def test_plan_by_eye() -> None:
    """96 MACs; `first` could save 2 x 9 = 18 of them, `second` 3 x 14 = 42, both 54.

    Priorities: redundancy 0.5 and 0.5, MACs 18/42 and 1, so (1 + 3/7) / 2 and 1. A fifth of the
    MACs is 19.2: two units of `second` save 28, one would save 14.
    """
    assert run(rate=0.2) == PrunePlan(
        removals=(GroupRemoval("second", units=(0, 3), width=6, priority=1.0, candidates=3),)
    )


def test_removals_come_in_walking_order_and_units_ascend() -> None:
    found = run(rate=0.55)
    assert [(removal.group, removal.units) for removal in found.removals] == [
        ("second", (0, 3, 5)),
        ("first", (1, 3)),
    ]
    assert found.removals[1].priority == pytest.approx((1 + 3 / 7) / 2)
    assert found.notes == ()  # 54 of 96 MACs are 56 %


def test_priority_weights_turn_the_order() -> None:
    activations = ACTIVATIONS | {"second": np.array([0.1, 3.0, 3.0, 1.0, 3.0, 1.0])}
    by_redundancy = PriorityWeights(redundancy=1.0, macs=0.0, parameters=0.0)
    found = run(activations, rate=0.1, rate_of=Resource.FILTERS, priority=by_redundancy)
    assert [(removal.group, removal.units) for removal in found.removals] == [("first", (1,))]


def test_a_rate_out_of_reach_is_noted() -> None:
    found = run(rate=0.9)
    assert found.units_pruned == 5
    assert found.notes == ("56.2% of the macs go, not 90.0%: candidates and floors allow no more",)


def test_floors_follow_the_original_width() -> None:
    found = run(original_widths={"first": 8, "second": 10}, rate=0.9, min_keep=0.5)
    assert found.pruned_sets() == {"second": (0,)}


def test_dead_and_non_finite_groups_are_left_alone_and_named() -> None:
    activations = {"first": np.zeros(4), "second": np.array([1.0, NAN, 1.0, 1.0, 1.0, 1.0])}
    found = run(activations)
    assert found.removals == ()
    assert found.notes[:2] == (
        "first: left alone, dead (all of its scores are 0)",
        "second: left alone, not all of its scores are finite",
    )


def test_the_plan_survives_json() -> None:
    found = run(rate=0.9)
    assert PrunePlan.from_json(found.to_json()) == found
