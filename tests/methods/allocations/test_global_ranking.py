"""One ranking of all units by eye; its arithmetic: `tests/core/test_levels.py`."""

import numpy as np

from tatl_search.methods.allocations.global_ranking import global_ranking
from tests.methods.contexts import context_by_hand

SCORES = {
    "first": np.array([8.0, 0.5, 1.0, 0.5]),
    "second": np.array([0.1, 3.0, 3.0, 0.2, 3.0, 0.7]),
}


def test_the_lowest_of_the_network_go() -> None:
    """96 MACs: 28 without the two lowest, of `second`; then 5 + 4 more a unit of `first`: 32."""
    plan = global_ranking(context_by_hand(rate=0.25), SCORES).plan
    assert plan.pruned_sets() == {"second": (0, 3)}
    plan = global_ranking(context_by_hand(rate=0.3), SCORES).plan
    assert plan.pruned_sets() == {"first": (1,), "second": (0, 3)}
    assert plan.notes == ()


def test_a_group_at_its_floor_gives_no_more() -> None:
    plan = global_ranking(context_by_hand(rate=0.6, min_keep=0.75), SCORES).plan
    assert plan.pruned_sets() == {"first": (1,), "second": (0,)}
    assert plan.notes[0].endswith("candidates and floors allow no more")


def test_groups_that_nothing_is_known_of_are_left_alone() -> None:
    scores = {"first": np.zeros(4), "second": SCORES["second"]}
    plan = global_ranking(context_by_hand(rate=0.3), scores).plan
    assert plan.pruned_sets() == {"second": (0, 3, 5)}
    assert plan.notes[0].startswith("first: left alone")
