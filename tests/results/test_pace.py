"""Rates and time left, from rows whose times a reader can add up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tatl_search.config import BudgetSettings
from tatl_search.results.pace import last_row, pace
from tatl_search.results.store import SweepResults
from tests.results.conftest import SweepWriter

LAUNCH = datetime(2026, 1, 1, tzinfo=UTC)


def at(results: SweepResults, rows: list[float], trials: list[float]) -> SweepResults:
    """Return the sweep with so many rows and trials, stored so many minutes after its launch."""

    def time(minutes: float) -> str:
        return (LAUNCH + timedelta(minutes=minutes)).isoformat(timespec="seconds")

    row = replace(results.candidates[1], images_trained=500, images_forward=100)
    return replace(
        results,
        candidates=tuple(replace(row, created_at=time(m)) for m in rows),
        trials=tuple(replace(results.trials[0], created_at=time(m)) for m in trials),
        roots=(),
    )


def test_the_last_half_hour_counts(write_sweep: SweepWriter) -> None:
    """Of 4 trials 3 have ended, 2 of them in the half hour before minute 60."""
    sweep = at(write_sweep(), rows=[5, 40, 50, 60], trials=[5, 40, 60])
    found = pace(sweep, LAUNCH + timedelta(minutes=60))
    assert found.images_per_s == pytest.approx(3 * 600 / 1800)
    assert found.trials_per_hour == pytest.approx(4.0)
    assert found.left_s == pytest.approx(900.0)
    assert last_row(sweep) == LAUNCH + timedelta(minutes=60)


def test_a_budget_of_images_counts_where_it_ends_sooner(write_sweep: SweepWriter) -> None:
    """Three rows of 500 images in half an hour; 250 images are left, of a thousand trials most."""
    found = at(write_sweep(), rows=[5, 40, 50, 60], trials=[5, 40, 60])
    budget = BudgetSettings(images_trained=found.images_trained + 250)
    settings = found.manifest.sweep.model_copy(update={"trials": 1000, "budget": budget})
    sweep = replace(found, manifest=found.manifest.model_copy(update={"sweep": settings}))
    assert pace(sweep, LAUNCH + timedelta(minutes=60)).left_s == pytest.approx(300.0)
    spent = settings.model_copy(update={"budget": BudgetSettings(images_trained=1)})
    sweep = replace(found, manifest=found.manifest.model_copy(update={"sweep": spent}))
    assert pace(sweep, LAUNCH + timedelta(minutes=60)).left_s == 0.0


def test_a_young_sweep_counts_from_its_launch(write_sweep: SweepWriter) -> None:
    found = pace(at(write_sweep(), rows=[1], trials=[]), LAUNCH + timedelta(minutes=2))
    assert (found.images_per_s, found.trials_per_hour) == (600 / 120, 0.0)
    assert found.left_s is None


def test_without_a_row_the_launch_is_the_last_that_happened(write_sweep: SweepWriter) -> None:
    assert last_row(at(write_sweep(), rows=[], trials=[])) == LAUNCH
