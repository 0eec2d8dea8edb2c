"""Early stopping: the front at equal cost, what is forecast, and which trials are hopeless."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.core.early_stopping import (
    LEAST_ROUNDS,
    EarlyStopping,
    chance_of_any,
    forecast,
    shortfall,
    step,
    usual_change,
)

OTHERS = np.array([[0.9, 100.0], [0.8, 50.0], [0.7, 60.0]])  # accuracy, cost
ACCURACIES = st.floats(0.0, 1.0)
COSTS = st.lists(st.floats(1.0, 1e9), min_size=2, max_size=2)
NETWORKS = st.lists(st.tuples(ACCURACIES, st.integers(1, 9), st.integers(1, 9)), max_size=12)
ROUNDS = st.lists(st.tuples(st.floats(0.01, 2.0), st.floats(-1.0, 1.0)), min_size=1, max_size=12)
DIFFERENCES = st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=8)


def test_the_front_is_a_staircase() -> None:
    assert shortfall(0.75, [50.0], OTHERS) == pytest.approx(0.05)
    assert shortfall(0.75, [99.0], OTHERS) == pytest.approx(0.05)
    assert shortfall(0.75, [100.0], OTHERS) == pytest.approx(0.15)
    assert shortfall(0.95, [200.0], OTHERS) == pytest.approx(-0.05)


def test_nothing_as_cheap_is_nothing_to_compare_with() -> None:
    assert math.isnan(shortfall(0.1, [49.0], OTHERS))
    assert math.isnan(shortfall(math.nan, [100.0], OTHERS))
    assert math.isnan(shortfall(0.5, [100.0], np.empty((0, 2))))
    assert math.isnan(shortfall(0.5, [100.0], np.array([[math.nan, 1.0]])))


@given(ACCURACIES, st.integers(1, 9), st.integers(1, 9), NETWORKS)
def test_shortfall_equals_the_naive_one(
    accuracy: float, macs: int, size: int, others: list[tuple[float, int, int]]
) -> None:
    affordable = [one[0] for one in others if one[1] <= macs and one[2] <= size]
    found = shortfall(accuracy, [macs, size], np.array(others, dtype=float).reshape(-1, 3))
    if affordable:
        assert found == max(affordable) - accuracy
    else:
        assert math.isnan(found)


def test_a_step_is_the_mean_logarithm_of_how_much_cheaper() -> None:
    assert step(np.array([100.0]), np.array([50.0])) == pytest.approx(math.log(2))
    assert step(np.array([100.0, 8.0]), np.array([50.0, 8.0])) == pytest.approx(math.log(2) / 2)
    assert step(np.array([7.0]), np.array([7.0])) == 0.0


@given(COSTS, COSTS, COSTS)
def test_steps_add_up(first: list[float], second: list[float], third: list[float]) -> None:
    one, two, three = np.array(first), np.array(second), np.array(third)
    assert step(one, two) + step(two, three) == pytest.approx(step(one, three), abs=1e-9)


def test_the_usual_change_is_that_of_the_line_through_zero() -> None:
    assert usual_change(np.array([[1.0, -0.1], [2.0, -0.2]])) == pytest.approx(-0.1)
    assert usual_change(np.array([[1.0, -0.1], [1.0, -0.3]])) == pytest.approx(-0.2)
    assert usual_change(np.array([[0.0, -0.5]])) == 0.0


@given(ROUNDS)
def test_no_other_line_through_zero_fits_better(rounds: list[tuple[float, float]]) -> None:
    steps, changes = np.array(rounds).T
    slope = usual_change(np.array(rounds))

    def miss(by: float) -> float:
        return float(np.sum((changes - (slope + by) * steps) ** 2))

    assert miss(0.0) <= min(miss(0.01), miss(-0.01))


def test_rounds_to_come_are_as_the_last_one_and_go_as_usual() -> None:
    last_two = np.array([[0.9, 100.0, 8.0], [0.8, 50.0, 4.0]])
    coming = forecast(last_two, -0.1 / math.log(2), 2)
    np.testing.assert_allclose(coming, [[0.7, 25.0, 2.0], [0.6, 12.5, 1.0]])


def test_the_chance_of_any_by_hand() -> None:
    strays = np.array([-0.1, 0.0, 0.1, 0.2])
    assert chance_of_any(np.array([0.15]), strays) == pytest.approx(1 / 4)
    assert chance_of_any(np.array([0.1]), strays) == pytest.approx(2 / 4)  # enough is on the front
    assert chance_of_any(np.array([0.15, 0.1]), strays) == pytest.approx(1 - 3 / 4 * 2 / 4)
    assert chance_of_any(np.array([0.3]), strays) == 0.0
    assert chance_of_any(np.array([-0.5, 0.3]), strays) == 1.0


@given(DIFFERENCES, DIFFERENCES, st.floats(0.0, 1.0))
def test_what_lacks_more_is_no_likelier_and_more_networks_are_no_less(
    lacking: list[float], strays: list[float], more: float
) -> None:
    known = np.array(strays)
    chance = chance_of_any(np.array(lacking), known)
    assert 0.0 <= chance <= 1.0
    assert chance_of_any(np.array(lacking) + more, known) <= chance
    assert chance_of_any(np.array([*lacking, more]), known) >= chance - 1e-12


COSTS_OF_ROUNDS = (100.0, 80.0, 64.0, 51.2)
GOOD = (0.9, 0.9, 0.9, 0.9)
BAD = 99


def heard(*trials: tuple[float, ...]) -> EarlyStopping:
    """Return a rule that heard of trials of these accuracies, a round each."""
    rule = EarlyStopping(costs=1)
    for trial, accuracies in enumerate(trials):
        for round_, accuracy in enumerate(accuracies):
            rule.hear(trial, round_, accuracy, [COSTS_OF_ROUNDS[round_]])
    return rule


def enough(*more: tuple[float, ...]) -> EarlyStopping:
    """Return a rule that heard of as many rounds as it needs: two a trial, all on the front."""
    return heard(*[GOOD] * (LEAST_ROUNDS // 2), *more)


def begin(rule: EarlyStopping, *accuracies: float) -> None:
    for round_, accuracy in enumerate(accuracies):
        rule.hear(BAD, round_, accuracy, [COSTS_OF_ROUNDS[round_]])


def test_a_trial_below_the_front_where_no_round_ever_rose_is_hopeless() -> None:
    rule = enough()
    begin(rule, 0.9, 0.8)
    assert rule.is_hopeless(BAD, 1)
    assert rule.is_hopeless(BAD, 2)


def test_one_on_the_front_is_not() -> None:
    rule = enough()
    begin(rule, 0.9, 0.9)
    assert not rule.is_hopeless(BAD, 2)


def test_one_that_may_become_cheaper_than_any_other_is_not() -> None:
    rule = enough()
    begin(rule, 0.9, 0.1)
    assert rule.is_hopeless(BAD, 2)  # it would cost 51.2, as others do
    assert not rule.is_hopeless(BAD, 3)


def test_one_below_a_front_that_falls_faster_than_accuracy_is_not() -> None:
    rule = enough((0.9, 0.9, 0.9, 0.9))
    cliff = EarlyStopping(costs=1)
    for trial in range(LEAST_ROUNDS // 2):  # the same rounds, and a front of 0.5 at 51.2
        for round_, accuracy in enumerate((0.9, 0.7, 0.7, 0.7)):
            cliff.hear(trial, round_, accuracy, [2 * COSTS_OF_ROUNDS[round_]])
    cliff.hear(50, 0, 0.5, [51.2])
    for one in (rule, cliff):
        begin(one, 0.9, 0.6)
    assert rule.is_hopeless(BAD, 2)
    assert not cliff.is_hopeless(BAD, 2)


def test_where_rounds_often_rise_so_much_there_is_hope() -> None:
    rising = (0.5, 0.5, 0.5, 0.7)  # one round in four
    rule = enough(*[rising] * (LEAST_ROUNDS // 2))
    begin(rule, 0.9, 0.78)
    assert rule.is_hopeless(BAD, 1)  # one in four
    assert not rule.is_hopeless(BAD, 2)  # 1 - 3/4 * 3/4


def test_what_rounds_usually_lose_is_expected() -> None:
    falling = (0.9, 0.8, 0.7, 0.6)
    rule = heard(*[falling] * (LEAST_ROUNDS // 2))
    begin(rule, 0.9, 0.79)  # 0.01 below now, and then
    assert rule.is_hopeless(BAD, 2)
    begin(rule, 0.9, 0.81)
    assert not rule.is_hopeless(BAD, 2)


def test_nothing_is_hopeless_before_enough_rounds_were_seen() -> None:
    rule = heard(*[GOOD] * (LEAST_ROUNDS // 2 - 1), GOOD[:3])
    begin(rule, 0.9, 0.1)
    assert not rule.is_hopeless(BAD, 1)
    rule.hear(LEAST_ROUNDS // 2 - 1, 3, 0.9, [COSTS_OF_ROUNDS[3]])
    assert rule.is_hopeless(BAD, 1)


def test_a_trial_at_its_end_or_at_its_beginning_is_not_hopeless() -> None:
    rule = enough()
    assert not rule.is_hopeless(BAD, 3)  # not heard of
    begin(rule, 0.1)
    assert not rule.is_hopeless(BAD, 3)
    begin(rule, 0.1, 0.1)
    assert not rule.is_hopeless(BAD, 0)


def test_a_trial_is_not_compared_with_itself_and_can_begin_anew() -> None:
    alone = EarlyStopping(costs=1, least_rounds=1)
    begin(alone, 0.9, 0.5, 0.1)
    assert not alone.is_hopeless(BAD, 1)
    rule = enough()
    begin(rule, 0.9, 0.1)  # its worker died after round 1
    begin(rule, 0.9)
    assert not rule.is_hopeless(BAD, 2)
    begin(rule, 0.9, 0.1)
    assert rule.is_hopeless(BAD, 2)


def test_a_round_that_is_missing_teaches_nothing() -> None:
    rule = EarlyStopping(costs=1, least_rounds=1)
    for round_ in (0, 1, 3):
        rule.hear(0, round_, 0.9, [COSTS_OF_ROUNDS[round_]])
    begin(rule, 0.9, 0.1)
    assert not rule.is_hopeless(BAD, 1)  # no round was seen whole
    rule.hear(1, 1, math.nan, [90.0])
    rule.hear(1, 2, 0.9, [80.0])
    assert not rule.is_hopeless(BAD, 1)


def test_several_costs() -> None:
    rule = EarlyStopping(costs=2)
    for trial in range(LEAST_ROUNDS // 2):
        for round_, cost in enumerate(COSTS_OF_ROUNDS):
            rule.hear(trial, round_, 0.9, [cost, 8.0])
    for round_ in range(2):
        rule.hear(BAD, round_, 0.5, [COSTS_OF_ROUNDS[round_], 8.0])
    assert rule.is_hopeless(BAD, 2)
    rule.hear(BAD, 2, 0.5, [COSTS_OF_ROUNDS[2], 7.0])  # nothing as small
    assert not rule.is_hopeless(BAD, 1)
