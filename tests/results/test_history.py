"""The hypervolume over images and time, row by row (figures in conftest)."""

from dataclasses import replace

import pytest

from tatl_search.results.front import front_of
from tatl_search.results.history import Step, history
from tatl_search.tracking.wall_clock import DriverTime
from tests.results.conftest import CANDIDATES, SweepWriter
from tests.results.test_front import LOG_AREA


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
    assert steps[0] == Step(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert [(step.images, step.hours) for step in steps[1:]] == [
        (1000, 1.0), (1500, 2.0), (2000, 3.0), (3000, 6.0), (3000, 8.0),
    ]  # fmt: skip
    # Each round trains 500 images of a network with 0.6, 0.3, then 0.7 and 0.2 of the MACs.
    assert [step.full_images for step in steps[1:]] == pytest.approx([1000, 1300, 1450, 1900, 1900])
    assert [step.hypervolume for step in steps[1:]] == pytest.approx(
        [0.0, 0.376, 0.646, 0.716, 0.716]
    )
    assert [step.area for step in steps] == pytest.approx(
        [step.hypervolume / 0.9 for step in steps]
    )
    front = front_of(results)
    last = (steps[-1].log_area, steps[-1].area, steps[-1].hypervolume)
    assert last == pytest.approx((front.log_area, front.area, front.hypervolume))
    assert last[0] == pytest.approx(LOG_AREA)


def test_the_clock_of_the_drivers_leaves_pauses_out(write_sweep: SweepWriter) -> None:
    """Asked for 30 min before the launch; killed after 1 h; resumed from 5:30 until 10:00."""
    rows = [
        replace(row, created_at=f"2026-01-01T{hour:02}:00:00+00:00")
        for hour, row in enumerate(CANDIDATES)
    ]
    drivers = (
        DriverTime("2025-12-31T23:30:00.000+00:00"),
        DriverTime("2026-01-01T05:30:00.000+00:00", 4.5 * 3600),
    )
    early = [row for row in rows if not "T02" <= row.created_at[10:13] <= "T05"]
    results = replace(write_sweep(candidates=early), drivers=drivers)
    assert [step.hours for step in history(results)[1:]] == [1.5, 2.0, 4.0, 4.0]
    assert results.wall_clock is not None
    assert results.wall_clock.seconds == (1.5 + 4.5) * 3600


def test_without_rows_there_is_none(write_sweep: SweepWriter) -> None:
    assert history(write_sweep(candidates=())) == ()
