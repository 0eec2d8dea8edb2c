"""The front that is chosen from, against leads worked out by hand."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.core.confidence import least_lead, wilson_interval
from tatl_search.core.goals import Goals
from tatl_search.core.sure import is_surely_better, sure_front
from tatl_search.figures import ACCURACY, FIGURES, MACS, SIZE_BYTES
from tatl_search.records import CandidateRecord
from tests.deploy.rows import row

GOALS = Goals((ACCURACY, MACS), {MACS: 100.0})


def test_a_lead_is_newcombes() -> None:
    """Newcombe 1998, table II: 56 of 70 against 48 of 80, 95 %: 0.0524 to 0.3339 by method 10."""
    better, worse = (56 / 70, 70), (48 / 80, 80)
    lead = least_lead(better, worse, z=1.959964)
    assert better[0] - worse[0] - lead == pytest.approx(0.0524, abs=5e-5)


def test_a_perfect_accuracy_is_not_certain() -> None:
    certain = (1.0, 400)
    assert least_lead(certain, certain) == pytest.approx(1 - wilson_interval(*certain, 1.0)[0])


def test_trainings_from_other_seeds_add_to_the_noise() -> None:
    alone = least_lead((0.9, 400), (0.9, 400))
    assert least_lead((0.9, 400), (0.9, 400), 0.01**2) == pytest.approx((alone**2 + 1e-4) ** 0.5)


def test_a_costlier_network_enters_only_if_it_is_surely_better() -> None:
    rows = [
        row(0, 0, 0.90, 10),
        row(0, 1, 0.91, 20),  # 0.01 above 0.90: of 400 images 0.021 is asked for
        row(0, 2, 0.93, 30),  # 0.03 above 0.90, whatever it is above 0.91
        row(0, 3, 0.80, 40),  # on no front
        row(0, 4, 0.94, 50),
    ]
    assert sure_front(rows, GOALS) == [0, 2]
    many = [replace(each, val_images=100_000) for each in rows]
    assert sure_front(many, GOALS) == [0, 1, 2, 4]


def test_spread_over_seeds_counts() -> None:
    rows = [row(0, 0, 0.90, 10), row(0, 1, 0.93, 20)]
    assert sure_front(rows, GOALS, [0.0, 0.0]) == [0, 1]
    assert sure_front(rows, GOALS, [0.02**2, 0.02**2]) == [0]


def test_all_costs_and_qualities_count() -> None:
    """Smaller in bytes is cheaper; of macro F1 no interval is known, so any lead is one."""
    goals = Goals((ACCURACY, MACS, SIZE_BYTES), {})
    rows = [row(0, 0, 0.90, 10, parameters=9), row(0, 1, 0.905, 20, parameters=1)]
    assert sure_front(rows, goals) == [0, 1]
    assert sure_front(rows, GOALS) == [0]
    f1 = Goals((FIGURES["macro_f1"], MACS), {})
    told = [replace(each, macro_f1=each.accuracy) for each in rows]
    assert sure_front(told, f1) == [0, 1]


networks = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 50)).map(
        lambda drawn: row(0, 0, drawn[0] / 400, drawn[1])
    ),
    min_size=1,
    max_size=12,
)


@given(networks)
def test_it_is_part_of_the_front_and_begins_with_its_cheapest(rows: list[CandidateRecord]) -> None:
    front = [n for n, on in enumerate(GOALS.on_front(rows)) if on]
    sure = sure_front(rows, GOALS)
    assert set(sure) <= set(front)
    assert rows[sure[0]].macs == min(rows[n].macs for n in front)
    for place, larger in pairwise(sure):
        assert is_surely_better(rows[larger], rows[place], GOALS)
