"""The front of the made-up sweep, whose members and figures are known (see conftest)."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.figures import ACCURACY, GOALS, MACS, PARAMETERS, SIZE_BYTES
from tatl_search.results.front import Staircase, front_of, staircase
from tatl_search.results.front_json import front_json
from tatl_search.results.store import SweepResults
from tests.results.conftest import CANDIDATES, SweepWriter, pruned, unpruned

UNKNOWN = dict.fromkeys(GOALS)

# The mean over log(share) from 0.01 to 1: 0.2 to 0.3, to 0.6, to 1.
FULL_IMAGES = 1000 + 500 * (0.6 + 0.3 + 0.7 + 0.2) + 4000 * (0.3 + 0.3)

LOG_AREA = (0.70 * math.log(1.5) + 0.90 * math.log(2) + 0.94 * math.log(1 / 0.6)) / math.log(100)


def test_all_rounds_of_all_trials_compete(results: SweepResults) -> None:
    front = front_of(results)
    beaten = [row.label for row, on in zip(results.candidates, front.mask, strict=True) if not on]
    assert beaten == ["trial 1 round 1", "input 16 px", "input 24 px"]
    shares = [row.macs / 100_000_000 for row in front.members()]
    assert shares == [1.0, 1.0, 1.0, 0.6, 0.6, 0.3, 0.2]


def test_a_network_that_trials_share_is_listed_once_by_its_first(results: SweepResults) -> None:
    listed = [(row.trial, row.round, row.accuracy) for row in front_of(results).distinct()]
    assert listed == [(0, 0, 0.95), (0, 1, 0.94), (0, 2, 0.90), (1, 2, 0.70)]


def test_of_candidates_with_equal_figures_one_is_listed(write_sweep: SweepWriter) -> None:
    """A trial that went on where another ended, and came to the same accuracy: two stages."""
    rows = (
        pruned(0, 1, 0.90, 0.5, "shared"),
        pruned(0, 2, 0.90, 0.5, "finished"),
        pruned(1, 1, 0.90, 0.5, "shared"),
        replace(pruned(1, 2, 0.90, 0.5, "slim"), parameters=1000),
        pruned(1, 3, 0.80, 0.3, "cheap"),
    )
    front = front_of(write_sweep(candidates=rows))
    assert front.mask == (True,) * 5
    assert [row.stage for row in front.distinct()] == ["slim", "cheap"]
    assert front.knee in front.distinct()


def test_of_equal_ones_the_first_is_listed(write_sweep: SweepWriter) -> None:
    rows = (
        pruned(1, 2, 0.90, 0.5, "finished"),
        pruned(1, 1, 0.90, 0.5, "shared"),
        pruned(0, 1, 0.90, 0.5, "shared"),
    )
    front = front_of(write_sweep(candidates=rows))
    assert [(row.trial, row.round) for row in front.distinct()] == [(0, 1)]


def test_figures_of_the_front(results: SweepResults) -> None:
    front = front_of(results)
    # Staircase from accuracy 0 and the unpruned cost: widths 0.1, 0.3, 0.4 of the MACs axis.
    assert front.hypervolume == pytest.approx(0.70 * 0.1 + 0.90 * 0.3 + 0.94 * 0.4)
    # Shares below 0.2 buy nothing; the unpruned network only at 1.0.
    assert front.area == pytest.approx((0.70 * 0.1 + 0.90 * 0.3 + 0.94 * 0.4) / 0.9)
    assert front.log_area == pytest.approx(LOG_AREA)
    # Within 10 points of 0.95; height over the chord from (0.2, 0.70) to (1.0, 0.95):
    # 0.90 at 0.3: 0.8 - 0.125; 0.94 at 0.6: 0.96 - 0.5.
    assert front.knee is not None
    assert front.knee.label == "trial 0 round 2"


def test_an_empty_sweep_has_an_empty_front(write_sweep: SweepWriter) -> None:
    front = front_of(write_sweep(candidates=()))
    assert (front.mask, front.members(), front.knee) == ((), (), None)
    assert (front.hypervolume, front.log_area, front.area) == (0.0, 0.0, 0.0)


def test_three_objectives_keep_what_is_best_in_one_of_them(write_sweep: SweepWriter) -> None:
    slim = replace(pruned(0, 2, 0.80, 0.5, "slim"), parameters=100_000)
    rows = (pruned(0, 1, 0.90, 0.5, "few"), slim)
    two = (ACCURACY, MACS)
    three = (*two, PARAMETERS)
    results = write_sweep(candidates=rows, objectives=three)
    front = front_of(results)
    assert front.mask == (True, True)
    # 0.9 x (0.5 MACs x 0.5 parameters) + 0.8 x (0.5 x the 0.4 parameters more).
    assert front.hypervolume == pytest.approx(0.9 * 0.5 * 0.5 + 0.8 * 0.5 * 0.4)
    assert front.goals.cost is MACS


def test_without_macs_the_first_cost_leads(write_sweep: SweepWriter) -> None:
    results = write_sweep(objectives=(SIZE_BYTES, ACCURACY))
    assert front_of(results).goals.cost is SIZE_BYTES
    # Sizes have the same shares as MACs here, so the figures agree too.
    assert front_of(results).hypervolume == pytest.approx(0.716)
    assert front_of(results).area == pytest.approx(0.716 / 0.9)


def test_the_json_of_all_candidates(results: SweepResults) -> None:
    found = json.loads(json.dumps(front_json(results, all_candidates=True)))
    candidates = found.pop("candidates")
    baselines = found.pop("baselines")
    assert found == {
        "sweep": "made",
        "trials": 4,
        "images_trained": 11_000,
        "full_images": pytest.approx(FULL_IMAGES),
        "wall_seconds": None,
        "images_saved": 2_500,
        "images_forward": 3_300,
        "hypervolume": pytest.approx(0.716),
        "log_area": pytest.approx(LOG_AREA),
        "area": pytest.approx(0.716 / 0.9),
        "lacking": 0,
        "test": None,
        "unpruned": {
            **UNKNOWN,
            "accuracy": 0.95, "macs": 100_000_000, "parameters": 1_000_000, "size_bytes": 4_000_000,
        },
    }  # fmt: skip
    on_front = [row["on_front"] for row in candidates]
    assert on_front == [True] * 4 + [False] + [True] * 3 + [False] * 2
    # The unpruned network's 0.95 is no more than chance above 0.94 at 0.6 of its cost.
    sure = {(row["accuracy"], row["macs"]) for row in candidates if row["sure"]}
    assert sure == {(0.94, 60_000_000), (0.90, 30_000_000), (0.70, 20_000_000)}
    assert candidates[1] == {
        **UNKNOWN,
        "label": "trial 0 round 1", "trial": 0, "round": 1, "accuracy": 0.94, "macs": 60_000_000,
        "parameters": 600_000, "size_bytes": 2_400_000, "on_front": True, "sure": True,
    }  # fmt: skip
    assert [row["label"] for row in baselines] == ["input 16 px", "input 24 px"]


def test_the_json_of_the_front_lists_each_network_once(results: SweepResults) -> None:
    found = front_json(results, all_candidates=False)["candidates"]
    assert [(row["trial"], row["round"]) for row in found] == [(0, 0), (0, 1), (0, 2), (1, 2)]
    assert all(row["on_front"] for row in found)


def test_a_baseline_is_a_candidate_like_all_others(contested: SweepResults) -> None:
    """Its 0.92 at 0.30 takes the place of 0.90 there: what is worth 0.02 from 0.3 to 0.6."""
    front = front_of(contested)
    assert [row.label for row in front.distinct()] == [
        "unpruned", "trial 0 round 1", "input 24 px", "trial 1 round 2",
    ]  # fmt: skip
    assert front.hypervolume == pytest.approx(0.716 + 0.3 * 0.02)
    assert front.area == pytest.approx(0.722 / 0.9)
    assert front.log_area == pytest.approx(LOG_AREA + 0.02 * math.log(2) / math.log(100))
    assert front.knee is not None
    assert front.knee.label == "input 24 px"
    shown = front_json(contested, all_candidates=False)["candidates"]
    assert (shown[2]["label"], shown[2]["trial"]) == ("input 24 px", None)


def test_a_first_fine_tuning_that_no_trial_begins_with_is_a_candidate(
    write_sweep: SweepWriter,
) -> None:
    """As where trials begin with the pre-trained network, or draw another image size."""
    results = write_sweep(candidates=(unpruned(None, reused=False), *CANDIDATES[2:4]))
    assert [row.label for row in front_of(results).distinct()] == [
        "unpruned", "trial 0 round 1", "trial 0 round 2",
    ]  # fmt: skip
    assert results.unpruned is not None
    assert results.unpruned.trial is None
    assert (results.images_trained, results.images_saved) == (1000 + 2 * 500, 0)


def test_the_staircase_goes_through_its_corners() -> None:
    line = staircase([3.0, 1.0, 2.0, 2.5], [0.9, 0.5, 0.8, 0.7], lower_is_better=False)
    assert line == Staircase([1.0, 2.0, 2.0, 3.0, 3.0], [0.5, 0.5, 0.8, 0.8, 0.9])
    line = staircase([1.0, 2.0], [0.5, 0.3], lower_is_better=True)
    assert line == Staircase([1.0, 2.0, 2.0], [0.5, 0.5, 0.3])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1))
def test_the_staircase_is_the_best_at_each_cost(points: list[tuple[int, int]]) -> None:
    line = staircase([x for x, _ in points], [y for _, y in points], lower_is_better=False)
    best = dict(zip(line.cost, line.score, strict=True))
    for cost, score in best.items():
        assert score == max((y for x, y in points if x <= cost), default=math.nan)
    assert min(x for x, _ in points) in best
    assert max(y for _, y in points) == line.score[-1]
