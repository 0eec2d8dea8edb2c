"""The hypervolume over images and time, row by row (figures in conftest)."""

from dataclasses import replace

import pytest

from tatl_search.results.front import front_of
from tatl_search.results.history import Step, history
from tests.results.conftest import CANDIDATES, SweepWriter


def test_it_grows_with_the_rows(write_sweep: SweepWriter) -> None:
    """A row an hour: the root at 0 h, then trial 0, 1 and 2.

    Only what costs less than the unpruned network counts: 0.94 at 0.6 gives 0.4 * 0.94 = 0.376;
    0.90 at 0.3 adds 0.3 * 0.90 = 0.27; 0.70 at 0.2 adds 0.1 * 0.70 = 0.07: 0.716.
    """
    rows = [
        replace(row, created_at=f"2026-01-01T{hour:02}:00:00+00:00")
        for hour, row in enumerate(CANDIDATES)
    ]
    results = write_sweep(candidates=rows)
    steps = history(results)
    assert steps[0] == Step(0, 0.0, 0.0)
    assert [(step.images, step.hours) for step in steps[1:]] == [
        (1000, 1.0), (1500, 2.0), (2000, 3.0), (3000, 6.0), (3000, 8.0),
    ]  # fmt: skip
    assert [step.hypervolume for step in steps[1:]] == pytest.approx(
        [0.0, 0.376, 0.646, 0.716, 0.716]
    )
    assert steps[-1].hypervolume == pytest.approx(front_of(results).hypervolume)


def test_without_rows_there_is_none(write_sweep: SweepWriter) -> None:
    assert history(write_sweep(candidates=())) == ()
