"""By what figures networks are chosen once some were run again (figures in conftest)."""

import math

import pytest

from tatl_search.api import pick
from tatl_search.deploy.request import PickRequest
from tatl_search.results.decided import decided
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.tracking.parquet import ParquetTracker
from tests.results.test_confirmation import again


def rerun(results: SweepResults, **accuracies: tuple[float, ...]) -> SweepResults:
    """Return the sweep with fresh seeds of stages."""
    by_stage = {row.stage: row for row in reversed(results.candidates)}
    tracker = ParquetTracker(results.folder)
    for stage, found in accuracies.items():
        for seed, accuracy in enumerate(found, start=1):
            tracker.candidate(again(by_stage[stage], seed, accuracy, by_stage[stage].macs))
    return load_sweep(results.folder.root)


def quality(results: SweepResults) -> dict[str, float]:
    return {row.stage: row.accuracy for row in decided(results).rows}


def test_without_fresh_seeds_the_search_decides(results: SweepResults) -> None:
    found = decided(results)
    assert found.rows == results.candidates
    assert found.variance(results.candidates[0]) == 0.0
    sure = [row.label for row in front_of(results).sure()]
    assert sure == ["trial 0 round 1", "trial 0 round 2", "trial 1 round 2"]


def test_means_of_fresh_seeds_replace_what_was_found(results: SweepResults) -> None:
    known = rerun(results, a1=(0.92, 0.90), a2=(0.89, 0.87))
    assert quality(known)["a1"] == pytest.approx(0.91)
    # Luck: 0.03 and 0.02. What was not run again is taken to have had the mean of it.
    assert quality(known)["b2"] == pytest.approx(0.70 - 0.025)
    found = decided(known)
    assert found.deviation == pytest.approx(0.01 * math.sqrt(2))
    assert found.variance(known.candidates[1]) == pytest.approx(1e-4)  # of two seeds
    assert found.variance(known.candidates[5]) == pytest.approx(2e-4)


def test_bad_luck_is_credited_to_nobody_else(results: SweepResults) -> None:
    assert quality(rerun(results, a1=(0.97,)))["b2"] == 0.70


def test_fresh_seeds_change_what_is_picked(results: SweepResults) -> None:
    request = PickRequest(max_macs=90_000_000)
    assert pick(results, request).candidate.label == "trial 0 round 1"
    known = rerun(results, a1=(0.90, 0.89), a2=(0.90, 0.90), b2=(0.70, 0.70))
    choice = pick(known, request)
    assert choice.candidate.label == "trial 0 round 2"
    assert choice.candidate.accuracy == 0.90  # the row as it is stored: it is what is exported
    assert any("the mean over 2 fresh seeds" in note for note in choice.notes)
