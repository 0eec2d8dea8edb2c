"""Mean, spread and luck against sums done by hand."""

import json
import math
from dataclasses import replace

import pytest
from rich.console import Console

from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.confirmation import (
    Spread,
    confirmation_json,
    confirmation_table,
    confirmed_front,
)
from tatl_search.results.front import front_of
from tatl_search.results.front_json import front_json
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.tracking.parquet import ParquetTracker


def again(row: CandidateRecord, seed: int, accuracy: float, macs: int) -> CandidateRecord:
    settings = json.dumps({"seed": seed})
    return replace(
        row,
        kind=Kind.CONFIRMATION,
        settings=settings,
        accuracy=accuracy,
        macs=macs,
        stage=f"s{seed}",
    )


@pytest.fixture
def confirmed(results: SweepResults) -> SweepResults:
    """Return the sweep with two fresh seeds of trial 0's first round, and one of its second."""
    _, first, second, _ = front_of(results).distinct()
    tracker = ParquetTracker(results.folder)
    tracker.candidate(again(first, 1, 0.92, 50_000_000))
    tracker.candidate(again(first, 2, 0.90, 70_000_000))
    tracker.candidate(again(second, 1, 0.91, 30_000_000))
    return load_sweep(results.folder.root)


def test_mean_and_sample_deviation() -> None:
    assert Spread.of([1.0, 2.0, 3.0]) == Spread(2.0, 1.0)
    assert Spread.of([4.0]) == Spread(4.0, None)
    assert math.isnan(Spread.of([]).mean)


def test_each_network_of_the_front_meets_its_own_rows(confirmed: SweepResults) -> None:
    # The unpruned network's 0.95 is not surely better than 0.94 at 0.6 of its cost.
    first, second, last = confirmed_front(confirmed)
    assert [len(one.again) for one in (first, second, last)] == [2, 1, 0]
    assert first.accuracy.mean == pytest.approx(0.91)
    assert first.accuracy.deviation == pytest.approx(0.01 * math.sqrt(2))
    assert first.luck == pytest.approx(0.03)
    assert first.macs.mean == 60_000_000
    assert first.macs.deviation == pytest.approx(10_000_000 * math.sqrt(2))
    assert second.luck == pytest.approx(-0.01)


def test_the_front_is_what_it_was(results: SweepResults, confirmed: SweepResults) -> None:
    assert front_json(confirmed, all_candidates=True) == front_json(results, all_candidates=True)


def test_as_json_and_as_a_table(confirmed: SweepResults) -> None:
    known = json.loads(json.dumps(confirmation_json(confirmed), allow_nan=False))
    assert known["mean_luck"] == pytest.approx(0.01)
    assert [one["seeds"] for one in known["front"]] == [[1, 2], [1], []]
    assert known["front"][2]["luck"] is None
    console = Console(width=80, record=True)
    console.print(confirmation_table(confirmed))
    shown = console.export_text()
    assert "trial 0 round 1" in shown
    assert "91.0 %" in shown
    assert "+3.0" in shown
    assert "+1.0 points from the means" in " ".join(shown.split())


def test_without_fresh_seeds_it_says_so(results: SweepResults) -> None:
    assert confirmation_json(results)["mean_luck"] is None
    assert confirmation_table(results).row_count == 3  # the sure front
