"""Who climbs on: worked out by hand, and held against a naive reference."""

import itertools
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.core.pareto import hypervolume
from tatl_search.core.promotion import LEAST_GAIN, Climber, best_of, next_to_climb

REFERENCE = np.array([0.0, 1.0])


def climber(*accuracies: float, cost: float = 0.1, may_climb: bool = True) -> Climber:
    """Return a trial that reached so many rungs, its accuracy on each."""
    return Climber([np.array([-accuracy, cost]) for accuracy in accuracies], may_climb)


def climbs(*climbers: Climber) -> int | None:
    return next_to_climb(climbers, REFERENCE)


def test_the_first_trial_climbs_at_once() -> None:
    assert climbs() is None
    assert climbs(climber()) is None  # it has not reached the first rung
    assert climbs(climber(0.7)) == 0
    assert climbs(climber(0.7, may_climb=False)) is None


def test_a_better_newcomer_catches_up() -> None:
    """Until it has, the trial that it beat on the first rung waits, however high that stands."""
    beaten, newcomer = climber(0.74, 0.76, 0.77), climber(0.80)
    assert climbs(beaten, newcomer) == 1
    assert climbs(beaten, climber(0.80, may_climb=False)) is None
    assert climbs(beaten, climber(0.80, 0.82)) == 1
    assert climbs(beaten, climber(0.80, 0.82, 0.83)) == 1


def test_a_worse_newcomer_does_not_keep_the_leader_back() -> None:
    assert climbs(climber(0.80, 0.82), climber(0.74)) == 0
    assert climbs(climber(0.80, 0.82), climber(0.74), climber(0.75)) == 0


def test_who_falls_back_on_a_higher_rung_climbs_no_further() -> None:
    assert climbs(climber(0.80, 0.79), climber(0.78, 0.81)) is None
    # A third of four, rounded up, are two.
    assert climbs(climber(0.80, 0.79), climber(0.78, 0.81), climber(0.1), climber(0.1)) == 1


def test_a_network_for_another_budget_comes_before_one_much_like_the_best() -> None:
    best, cheap = climber(0.80, may_climb=False), climber(0.60, cost=0.02)
    runner_up, hardly_cheaper = climber(0.79, cost=0.101), climber(0.60, cost=0.0999)
    others = [climber(0.1), climber(0.1)]
    assert climbs(best, hardly_cheaper, runner_up, *others) == 2
    assert climbs(best, hardly_cheaper, runner_up, cheap, *others) == 3


def test_who_is_beaten_by_more_than_chance_does_not_climb() -> None:
    """Of two that are chosen, the second costs as much; 0.02 is chance on 200 images."""

    def second_climbs(accuracy: float, images: int, cost: float = 0.1) -> bool:
        best = Climber([np.array([-0.80, 0.1])], may_climb=False, images=images)
        second = Climber([np.array([-accuracy, cost])], may_climb=True, images=images)
        others = [climber(0.1, may_climb=False)] * 2
        return next_to_climb([best, second, *others], REFERENCE, accuracy=0) == 1

    assert second_climbs(0.78, images=200)
    assert not second_climbs(0.78, images=20_000)
    assert second_climbs(0.78, images=20_000, cost=0.05)  # cheaper: it is beaten by nobody
    assert second_climbs(0.78, images=0)  # an earlier version did not say


def test_what_no_reference_volume_holds_never_climbs() -> None:
    assert climbs(climber(0.0, cost=1.0)) is None
    assert climbs(climber(float("nan"))) is None


points = st.lists(
    st.tuples(st.floats(-1.0, 0.1), st.floats(0.0, 1.1)), min_size=1, max_size=6, unique=True
)


@given(points)
def test_all_that_count_are_ranked_the_greatest_first(rows: Sequence[tuple[float, float]]) -> None:
    values = np.array(rows)
    ranked = best_of(values, REFERENCE, len(rows))
    volumes = [hypervolume(values[[n]], REFERENCE) for n in range(len(rows))]
    assert sorted(ranked) == np.flatnonzero(np.all(values < REFERENCE, axis=1)).tolist()
    assert not ranked or volumes[ranked[0]] == max(volumes)
    for fewer in range(len(ranked)):
        assert best_of(values, REFERENCE, fewer) == ranked[:fewer]


@given(points, st.integers(1, 3))
def test_the_first_layer_is_not_far_from_the_best_choice(
    rows: Sequence[tuple[float, float]], most: int
) -> None:
    """Hypervolume is submodular: greedy spans at least 1 - 1/e of the most (Nemhauser 1978).

    What is left out, since it adds little, can add a hundredth at each of the other places.
    """
    values = np.array(rows)
    every = itertools.combinations(range(len(rows)), min(most, len(rows)))
    greatest = max(hypervolume(values[list(some)], REFERENCE) for some in every)
    reached = hypervolume(values[best_of(values, REFERENCE, most)], REFERENCE)
    assert reached * (1 + LEAST_GAIN * most) >= (1 - 1 / np.e) * greatest - 1e-12
