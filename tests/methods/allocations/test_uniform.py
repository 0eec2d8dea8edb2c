"""The same share of every group by eye; its arithmetic: `tests/core/test_levels.py`."""

import numpy as np

from tatl_search.methods.allocations.uniform import uniform
from tests.methods.contexts import context_by_hand

SCORES = {
    "first": np.array([800.0, 50.0, 100.0, 50.0]),
    "second": np.array([0.1, 3.0, 3.0, 0.2, 3.0, 0.7]),
}


def test_a_share_of_every_group_goes_lowest_scores_first() -> None:
    """96 MACs. A quarter, 1 of 4 and 1 of 6, saves 22; a third, 1 of 4 and 2 of 6, saves 35."""
    plan = uniform(context_by_hand(rate=0.2), SCORES).plan
    assert plan.pruned_sets() == {"first": (1,), "second": (0,)}
    plan = uniform(context_by_hand(rate=0.3), SCORES).plan
    assert plan.pruned_sets() == {"first": (1,), "second": (0, 3)}


def test_groups_that_nothing_is_known_of_are_left_alone() -> None:
    scores = {"first": np.array([1.0, np.nan, 1.0, 1.0]), "second": SCORES["second"]}
    plan = uniform(context_by_hand(rate=0.2), scores).plan
    assert plan.pruned_sets() == {"second": (0, 3)}
    assert plan.notes == ("first: left alone, not all of its scores are finite",)
