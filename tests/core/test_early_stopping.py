"""Early stopping: the front at equal cost, depth, recovery, and what the margin is learned from."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.core.early_stopping import (
    LEAST_FINISHED,
    EarlyStopping,
    depth,
    learned_margin,
    recovery,
    runs_unstopped,
    shortfall,
)

OTHERS = np.array([[0.9, 100.0], [0.8, 50.0], [0.7, 60.0]])  # accuracy, cost
ACCURACIES = st.floats(0.0, 1.0)
NETWORKS = st.lists(st.tuples(ACCURACIES, st.integers(1, 9), st.integers(1, 9)), max_size=12)
SHORTFALLS = st.lists(st.sampled_from([-0.1, 0.0, 0.05, 0.1, 0.2, math.nan]), max_size=8)


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


def test_depth_needs_two_rounds_in_a_row() -> None:
    assert math.isnan(depth([0.3]))
    assert depth([0.3, 0.1]) == 0.1
    assert depth([0.3, 0.1, 0.2]) == 0.1
    assert depth([0.3, 0.3, -0.1]) == -0.1
    assert math.isnan(depth([0.3, math.nan]))


def test_recovery_is_the_greatest_depth_from_which_it_came_back() -> None:
    assert recovery([0.1, 0.2, 0.05, 0.0]) == 0.1
    assert recovery([0.1, 0.2, 0.05]) == 0.0  # never came back
    assert recovery([0.1, -0.1, 0.3, 0.3]) == 0.0  # one round below, then back; lost at the end
    assert recovery([0.1, 0.2, math.nan]) == 0.0  # the cheapest of all has no equals


@given(SHORTFALLS)
def test_recovery_equals_the_naive_one(shortfalls: list[float]) -> None:
    deepest = 0.0
    for later, missing in enumerate(shortfalls):
        for end in range(2, later + 1):
            pair = shortfalls[end - 2 : end]
            if missing <= 0 and not any(map(math.isnan, pair)):
                deepest = max(deepest, min(pair))
    assert recovery(shortfalls) == deepest


def test_no_margin_before_enough_trials_finished() -> None:
    assert learned_margin([]) == math.inf
    assert learned_margin([0.3] * (LEAST_FINISHED - 1)) == math.inf
    assert learned_margin([0.0] * (LEAST_FINISHED - 1) + [0.02]) == 0.02


@given(st.lists(st.floats(0.0, 1.0), min_size=LEAST_FINISHED), st.floats(0.0, 1.0))
def test_more_trials_never_lower_the_margin(recoveries: list[float], one: float) -> None:
    assert learned_margin([*recoveries, one]) >= learned_margin(recoveries)


def test_about_a_tenth_runs_unstopped_and_the_seed_decides_which() -> None:
    chosen = [runs_unstopped(0, trial) for trial in range(2000)]
    assert 150 <= sum(chosen) <= 250
    assert chosen == [runs_unstopped(0, trial) for trial in range(2000)]
    assert chosen != [runs_unstopped(1, trial) for trial in range(2000)]


def good_trials(stopping: EarlyStopping, count: int) -> None:
    """Let trials finish that are on the front in all three rounds."""
    for trial in range(count):
        for round_, cost in enumerate((100.0, 80.0, 60.0, 40.0)):
            assert not stopping.hear(trial, round_, 0.9, [cost])
        stopping.finish(trial)


def stoppable(seed: int) -> int:
    """Return the number of a trial that does not run unstopped."""
    return next(n for n in range(100, 200) if not runs_unstopped(seed, n))


def test_a_hopeless_trial_stops_in_its_second_round_below_the_front() -> None:
    stopping, bad = EarlyStopping(seed=0, costs=1), stoppable(0)
    good_trials(stopping, LEAST_FINISHED)
    assert stopping.margin == 0.0
    answers = [stopping.hear(bad, n, 0.5, [cost]) for n, cost in enumerate((100.0, 80.0, 60.0))]
    assert answers == [False, False, True]


def test_before_enough_trials_finished_nothing_stops() -> None:
    stopping, bad = EarlyStopping(seed=0, costs=1), stoppable(0)
    good_trials(stopping, LEAST_FINISHED - 1)
    assert not any(stopping.hear(bad, n, 0.1, [90.0 - 20 * n]) for n in range(4))


def test_a_trial_of_the_tenth_runs_on_and_teaches_the_margin() -> None:
    stopping = EarlyStopping(seed=0, costs=1)
    good_trials(stopping, LEAST_FINISHED)
    kept = next(n for n in range(100, 400) if runs_unstopped(0, n))
    for round_, accuracy in enumerate((0.9, 0.6, 0.7, 0.95)):
        assert not stopping.hear(kept, round_, accuracy, [100.0 - 20 * round_])
    stopping.finish(kept)
    assert stopping.margin == pytest.approx(0.2)  # 0.2 below in round 2, 0.3 in round 1
    alike = stoppable(0)
    answers = [stopping.hear(alike, n, a, [90.0 - 20 * n]) for n, a in enumerate((0.9, 0.75, 0.75))]
    assert answers == [False] * 3


def test_a_trial_is_not_compared_with_itself_and_can_begin_anew() -> None:
    stopping, bad = EarlyStopping(seed=0, costs=1), stoppable(0)
    good_trials(stopping, LEAST_FINISHED)
    for _ in range(2):  # its worker died after round 1
        assert not stopping.hear(bad, 0, 0.5, [100.0])
        assert not stopping.hear(bad, 1, 0.5, [80.0])
    assert stopping.hear(bad, 2, 0.5, [60.0])
    alone = EarlyStopping(seed=0, costs=1)
    assert not any(alone.hear(bad, n, 0.9 - 0.2 * n, [100.0]) for n in range(4))


def test_a_stopped_trial_teaches_nothing() -> None:
    stopping, bad = EarlyStopping(seed=0, costs=1), stoppable(0)
    good_trials(stopping, LEAST_FINISHED - 1)
    for round_ in range(3):
        stopping.hear(bad, round_, 0.5, [100.0 - 20 * round_])
    stopping.stop(bad)
    assert stopping.margin == math.inf


def test_a_trial_without_a_network_teaches_nothing() -> None:
    stopping, bad = EarlyStopping(seed=0, costs=1), stoppable(0)
    good_trials(stopping, LEAST_FINISHED - 1)
    stopping.finish(bad)
    assert stopping.margin == math.inf
