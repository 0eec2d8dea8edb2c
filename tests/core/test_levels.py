"""One level across a network, against a walk over all units one by one."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tatl_search.config import Resource
from tatl_search.core.budget import Budget, Floors
from tatl_search.core.levels import global_levels, removals_below, share_levels
from tests.core.test_allocation import chain, chain_cost


@dataclass(frozen=True)
class Case:
    """A network, a rate and scores; groups without scores are left alone."""

    widths: list[int]
    original: list[int]
    scores: list[list[int]]
    percent: int
    rate_of: Resource
    floors: Floors

    @property
    def budget(self) -> Budget:
        return Budget(
            chain(len(self.widths)),
            np.array(self.widths),
            np.array(self.original),
            self.percent / 100,
            self.rate_of,
            self.floors,
        )

    def reached(self, gone: list[int]) -> bool:
        left = [width - count for width, count in zip(self.widths, gone, strict=True)]
        before = chain_cost(self.widths, self.rate_of)
        return 100 * (before - chain_cost(left, self.rate_of)) >= self.percent * before

    def within_floors(self, group: int, wanted: int) -> int:
        """Return the most that a group may lose of what is wanted, by the contract's words."""
        lowest = max(self.floors.min_filters, self.floors.min_keep * self.original[group])
        return max(
            removed
            for removed in range(wanted + 1)
            if removed == 0
            or (
                self.widths[group] - removed >= lowest
                and (self.widths[group] - removed) % self.floors.round_to == 0
            )
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    original = draw(st.lists(st.integers(1, 20), min_size=1, max_size=5))
    widths = [draw(st.integers(1, width)) for width in original]
    told = [draw(st.sampled_from([True, True, True, False])) for _ in widths]
    return Case(
        widths=widths,
        original=original,
        scores=[
            draw(st.lists(st.integers(0, 9), min_size=width, max_size=width)) if is_told else []
            for width, is_told in zip(widths, told, strict=True)
        ],
        percent=draw(st.integers(1, 99)),
        rate_of=draw(st.sampled_from(list(Resource))),
        floors=Floors(
            min_filters=draw(st.integers(1, 4)),
            min_keep=draw(st.sampled_from([0.0, 0.25, 0.5])),
            round_to=draw(st.sampled_from([1, 1, 2, 8])),
        ),
    )


@given(cases())
@settings(max_examples=200)
def test_a_global_ranking_is_walked_one_unit_at_a_time(case: Case) -> None:
    ranking = sorted(
        (score, group, unit)
        for group, of_group in enumerate(case.scores)
        for unit, score in enumerate(of_group)
    )
    wanted = [0] * len(case.widths)
    gone = list(wanted)
    for _, group, _ in ranking:
        wanted[group] += 1
        gone = [case.within_floors(at, count) for at, count in enumerate(wanted)]
        if case.reached(gone):
            break
    levels = global_levels([np.array(scores, dtype=np.float64) for scores in case.scores])
    assert removals_below(case.budget, levels).tolist() == gone


@given(cases())
@settings(max_examples=200)
def test_a_uniform_share_is_the_smallest_that_reaches_the_rate(case: Case) -> None:
    counts = [len(scores) for scores in case.scores]
    shares = sorted({k / n for n in counts for k in range(1, n + 1)})
    gone = [0] * len(counts)
    for share in shares:
        gone = [
            case.within_floors(at, sum(k / n <= share for k in range(1, n + 1)))
            for at, n in enumerate(counts)
        ]
        if case.reached(gone):
            break
    assert removals_below(case.budget, share_levels(counts)).tolist() == gone


def test_levels_by_eye() -> None:
    first, second = global_levels([np.array([5.0, 1.0, 3.0]), np.array([1.0, 4.0])])
    assert (first.tolist(), second.tolist()) == ([0, 2, 4], [1, 3])
    assert [levels.tolist() for levels in share_levels([4, 0])] == [[0.25, 0.5, 0.75, 1.0], []]
