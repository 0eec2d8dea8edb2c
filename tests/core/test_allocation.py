"""Allocation on a chain of dense layers, against a walk that takes one allowed step at a time."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tatl_search.config import Resource
from tatl_search.core.allocation import allocate
from tatl_search.core.budget import Budget, Floors
from tatl_search.core.costs import CostModel

Ints = npt.NDArray[np.int64]
INPUTS, CLASSES = 3, 10


def chain(groups: int) -> CostModel:
    """Return G 1x1 convolutions on one pixel, in a row, and a classifier after them."""
    layers = groups + 1
    inputs, outputs = np.zeros((layers, groups)), np.zeros((layers, groups))
    for group in range(groups):
        outputs[group, group] = inputs[group + 1, group] = 1.0
    return CostModel(
        in_per_unit=inputs,
        in_fixed=np.array([INPUTS] + [0] * groups, dtype=np.float64),
        out_per_unit=outputs,
        out_fixed=np.array([0] * groups + [CLASSES], dtype=np.float64),
        macs_weight=np.ones(layers),
        weight_size=np.ones(layers),
        channel_size=np.ones(layers),
        depthwise=np.zeros(layers, dtype=np.bool_),
        conv_groups=np.ones(layers),
        is_convolution=np.array([True] * groups + [False]),
    )


def chain_cost(widths: list[int], rate_of: Resource) -> int:
    """The same costs, written down without matrices."""
    channels = [INPUTS, *widths, CLASSES]
    weights = sum(a * b for a, b in pairwise(channels))
    match rate_of:
        case Resource.MACS:
            return weights
        case Resource.PARAMETERS:
            return weights + sum(channels[1:])
        case Resource.FILTERS:
            return sum(widths)


@dataclass(frozen=True)
class Case:
    """One call of `allocate`."""

    widths: list[int]
    original: list[int]
    candidates: list[int]
    priorities: list[float]
    percent: int
    rate_of: Resource
    floors: Floors

    def run(self) -> list[int]:
        budget = Budget(
            chain(len(self.widths)),
            np.array(self.widths),
            np.array(self.original),
            self.percent / 100,
            self.rate_of,
            self.floors,
        )
        removed = allocate(budget, np.array(self.candidates), np.array(self.priorities))
        return [int(count) for count in removed]

    def reached(self, left: list[int]) -> bool:
        before = chain_cost(self.widths, self.rate_of)
        return 100 * (before - chain_cost(left, self.rate_of)) >= self.percent * before

    def allowed(self, group: int) -> list[int]:
        """Counts a group may lose, from the words of the contract."""
        lowest = max(self.floors.min_filters, self.floors.min_keep * self.original[group])
        return [
            removed
            for removed in range(1, self.candidates[group] + 1)
            if self.widths[group] - removed >= lowest
            and (self.widths[group] - removed) % self.floors.round_to == 0
        ]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    groups = draw(st.integers(1, 5))

    def each(values: st.SearchStrategy[int]) -> list[int]:
        return draw(st.lists(values, min_size=groups, max_size=groups))

    original = each(st.integers(1, 40))
    widths = [draw(st.integers(1, width)) for width in original]
    return Case(
        widths=widths,
        original=original,
        candidates=[draw(st.integers(0, width - 1)) for width in widths],
        priorities=[level / 4 for level in each(st.integers(0, 4))],
        percent=draw(st.integers(1, 99)),
        rate_of=draw(st.sampled_from(list(Resource))),
        floors=Floors(
            min_filters=draw(st.integers(1, 6)),
            min_keep=draw(st.sampled_from([0.0, 0.25, 0.5])),
            round_to=draw(st.sampled_from([1, 1, 2, 8])),
        ),
    )


def naive(case: Case) -> list[int]:
    """Walk the groups and take one allowed step after the other."""
    left = list(case.widths)
    order = sorted(range(len(left)), key=lambda group: -case.priorities[group])
    for group in order:
        for removed in case.allowed(group):
            if case.reached(left):
                break
            left[group] = case.widths[group] - removed
    return [width - rest for width, rest in zip(case.widths, left, strict=True)]


@given(cases())
@settings(max_examples=300)
def test_allocation_is_the_walk_one_step_at_a_time(case: Case) -> None:
    assert case.run() == naive(case)


@given(cases())
@settings(max_examples=300)
def test_rate_is_met_within_one_step_or_everything_allowed_is_taken(case: Case) -> None:
    removed = case.run()
    left = [width - gone for width, gone in zip(case.widths, removed, strict=True)]
    most = [max(case.allowed(group), default=0) for group in range(len(left))]
    if not case.reached(left):
        assert removed == most
        return
    last = max(
        (group for group in range(len(left)) if removed[group]),
        key=lambda group: (-case.priorities[group], group),
    )
    smaller = [count for count in case.allowed(last) if count < removed[last]]
    left[last] = case.widths[last] - max(smaller, default=0)
    assert not case.reached(left)


@given(cases())
def test_never_below_the_floors_and_never_more_than_the_candidates(case: Case) -> None:
    for group, removed in enumerate(case.run()):
        kept = case.widths[group] - removed
        assert 0 <= removed <= case.candidates[group]
        if removed:
            assert kept >= case.floors.min_filters
            assert kept >= case.floors.min_keep * case.original[group]
            assert kept % case.floors.round_to == 0


def test_by_eye_the_group_of_highest_priority_gives_first() -> None:
    case = Case(
        widths=[10, 10, 10],
        original=[10, 10, 10],
        candidates=[4, 4, 4],
        priorities=[0.1, 0.9, 0.1],
        percent=20,  # 6 of 30 filters
        rate_of=Resource.FILTERS,
        floors=Floors(),
    )
    assert case.run() == [2, 4, 0]


def test_savings_count_the_consumers_inputs() -> None:
    """3x10 + 10x10 + 10x10 = 230 MACs; a unit of the first group saves 3 + 10 = 13 of them."""
    case = Case(
        widths=[10, 10],
        original=[10, 10],
        candidates=[9, 9],
        priorities=[1.0, 0.0],
        percent=20,  # 46 MACs: three units save 39, four 52
        rate_of=Resource.MACS,
        floors=Floors(),
    )
    assert case.run() == [4, 0]


@pytest.mark.parametrize(
    ("round_to", "candidates", "removed"),
    [
        (8, 5, 0),  # 30 - 5 leaves 25, above 24
        (8, 6, 6),  # 24
        (8, 29, 14),  # the rate asks for 12 of 30: 18 kept is rounded up to 24, not enough: 16
        (4, 29, 14),  # 18 kept: 20 is not enough, 16 is
        (1, 29, 12),
    ],
)
def test_kept_widths_are_multiples(round_to: int, candidates: int, removed: int) -> None:
    case = Case(
        widths=[30],
        original=[30],
        candidates=[candidates],
        priorities=[1.0],
        percent=40,
        rate_of=Resource.FILTERS,
        floors=Floors(round_to=round_to),
    )
    assert case.run() == [removed]


def test_min_keep_is_a_share_of_the_original_width() -> None:
    assert Floors(min_filters=4, min_keep=0.07).lowest(100) == 7
    assert Floors(min_filters=4, min_keep=0.05).lowest(90) == 5
    assert Floors(min_filters=4, min_keep=0.05).lowest(20) == 4
