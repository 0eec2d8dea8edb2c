"""Front, knee and areas over a sweep's own objectives, on figures small enough to check by eye."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.core.goals import Goals
from tatl_search.core.pareto import area_under_front, log_area_under_front, worth_buying
from tatl_search.figures import ACCURACY, FIGURES, GOALS, LATENCY_MS, MACS, SIZE_BYTES, Figures
from tests.tracking.made import made_figures

MACRO_F1 = FIGURES["macro_f1"]


def goals(*objectives: Any, **reference: float) -> Goals:
    return Goals(objectives, {FIGURES[key]: cost for key, cost in reference.items()})


def test_accuracy_and_macs_lead_where_they_count() -> None:
    found = goals(SIZE_BYTES, MACRO_F1, MACS, ACCURACY)
    assert (found.quality, found.cost) == (ACCURACY, MACS)
    found = goals(SIZE_BYTES, MACRO_F1, LATENCY_MS)
    assert (found.quality, found.cost) == (MACRO_F1, SIZE_BYTES)


def test_a_network_without_a_figure_takes_no_part() -> None:
    rows = [
        made_figures(macro_f1=None, macs=10),
        made_figures(macro_f1=0.8, macs=50),
        made_figures(macro_f1=0.9, macs=100),
    ]
    found = goals(MACRO_F1, MACS, macs=100.0)
    assert found.lacking(rows) == 1
    assert found.on_front(rows).tolist() == [False, True, True]
    assert found.hypervolume(rows) == pytest.approx(0.5 * 0.8)
    assert found.area(rows) == pytest.approx(0.5 * 0.8 / 0.9)
    assert found.log_area(rows) == pytest.approx(0.8 * math.log(2) / math.log(100))
    assert found.knee(rows) == 1  # both lie on the chord: the cheaper one
    assert found.knee(rows[:1]) is None
    assert goals(MACRO_F1, MACS).hypervolume(rows) == 0.0  # of no known reference


def test_a_network_that_lacks_any_objective_adds_to_no_area() -> None:
    rows = [made_figures(accuracy=0.9, latency_ms=None, macs=10)]
    found = goals(ACCURACY, MACS, LATENCY_MS, macs=100.0, latency_ms=1.0)
    assert (found.log_area(rows), found.area(rows), found.hypervolume(rows)) == (0.0, 0.0, 0.0)


def test_every_halving_counts_alike() -> None:
    quality, halves = np.array([0.7]), [np.array([0.5**n]) for n in range(4)]
    areas = [log_area_under_front(quality, share) for share in halves]
    assert np.diff(areas) == pytest.approx([0.7 * math.log(2) / math.log(100)] * 3)
    assert log_area_under_front(quality, np.array([0.001])) == pytest.approx(0.7)


POINTS = st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.001, 1.5)), min_size=1, max_size=8)


@given(POINTS)
def test_areas_are_the_mean_of_the_best_that_can_be_bought(
    points: list[tuple[float, float]],
) -> None:
    quality, share = np.array(points).T
    steps = 20_000

    def mean(at: np.ndarray[Any, Any]) -> float:
        best = np.where(share <= at[:, None], quality, 0.0).max(axis=1)
        return float(best.mean())

    middles = (np.arange(steps) + 0.5) / steps
    linear = mean(0.1 + 0.9 * middles)
    logarithmic = mean(0.01 ** (1.0 - middles))
    assert area_under_front(quality, share) == pytest.approx(linear, abs=1e-3)
    assert log_area_under_front(quality, share) == pytest.approx(logarithmic, abs=1e-3)


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 2, st.floats(0.0, 1.0)), max_size=8))
def test_what_is_judged_is_what_validation_chose(
    points: list[tuple[int, int, float]],
) -> None:
    """The best by quality is bought, of equals the cheapest; the judge's figure counts."""
    table = np.array(points, dtype=float).reshape(-1, 3)
    quality, share, judged = table[:, 0] / 4, 0.05 + table[:, 1] / 5, table[:, 2]
    assert log_area_under_front(quality, share, quality) == log_area_under_front(quality, share)
    steps = worth_buying(quality, share)
    middles = 0.1 + 0.9 * (np.arange(2000) + 0.5) / 2000

    def bought(at: float) -> float:
        within = [n for n in range(len(points)) if share[n] <= at]
        best = max(within, key=lambda n: (quality[n], -share[n], -n), default=None)
        assert best is None or best in steps
        return 0.0 if best is None else judged[best]

    expected = np.mean([bought(at) for at in middles])
    assert area_under_front(quality, share, judged) == pytest.approx(expected, abs=2e-3)


def test_who_was_not_judged_is_not_chosen() -> None:
    quality, share = np.array([0.9, 0.8]), np.array([0.1, 0.1])
    assert area_under_front(quality, share, np.array([math.nan, 0.7])) == pytest.approx(0.7)


@pytest.mark.parametrize("figure", GOALS.values(), ids=str)
def test_every_goal_can_be_an_objective_beside_one_of_the_other_kind(figure: Any) -> None:
    other = MACS if figure.higher_is_better else ACCURACY
    known: dict[str, Any] = {"macro_f1": 0.5, "balanced_accuracy": 0.5, "latency_ms": 2.0}
    rows: list[Figures] = [made_figures(**known)]
    found = Goals((figure, other), {cost: 10 * cost.of(rows[0]) for cost in (MACS, figure)})
    assert found.on_front(rows).tolist() == [True]
    assert found.hypervolume(rows) > 0.0
