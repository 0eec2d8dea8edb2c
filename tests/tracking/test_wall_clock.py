"""The wall-clock of a sweep's drivers: what is noted, what a kill leaves, what pauses are."""

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tatl_search.manifest import SweepFolder
from tatl_search.tracking.wall_clock import DriverTime, WallClock, on_the_clock, read_drivers

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def driver(minutes: float, seconds: float | None = None) -> DriverTime:
    return DriverTime(at(minutes).isoformat(), seconds)


def test_a_driver_counts_from_its_command_to_its_end(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    assert read_drivers(folder) == ()
    with on_the_clock(folder, began=time.monotonic() - 100.0, is_first=True):
        (running,) = read_drivers(folder)
        assert running.seconds is None
        assert 99.0 < (datetime.now(UTC) - running.began).total_seconds() < 130.0
    with pytest.raises(KeyboardInterrupt), on_the_clock(folder, time.monotonic(), is_first=False):
        raise KeyboardInterrupt
    first, second = read_drivers(folder)
    assert first.began == running.began
    assert first.seconds is not None
    assert 100.0 <= first.seconds < 130.0
    assert second.seconds is not None
    assert second.seconds < 30.0


def test_the_time_of_a_sweep_of_before_stays_unknown(tmp_path: Path) -> None:
    with on_the_clock(SweepFolder(tmp_path), time.monotonic(), is_first=False):
        pass
    assert read_drivers(SweepFolder(tmp_path)) == ()


def test_pauses_are_no_part_of_it() -> None:
    clock = WallClock([driver(0, 60.0), driver(100, 120.0)], [])
    assert clock.seconds == 180.0
    assert [clock.until(at(m)) for m in (-1, 0.5, 50, 101, 200)] == [0.0, 30.0, 60.0, 120.0, 180.0]


def test_a_killed_driver_counts_up_to_the_last_thing_it_stored() -> None:
    signs = [at(3), at(7), at(102)]
    assert WallClock([driver(0), driver(100)], signs).seconds == (7 + 2) * 60
    assert WallClock([driver(0), driver(100)], []).seconds == 0.0
    assert WallClock([driver(8)], signs[:2]).seconds == 0.0  # it has stored nothing yet


@pytest.mark.parametrize("content", ["[", "{}", json.dumps([{"began_at": 3}])])
def test_what_is_damaged_is_told_and_hides_nothing(
    content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = SweepFolder(tmp_path)
    folder.drivers.write_text(content)
    with caplog.at_level(logging.WARNING):
        assert read_drivers(folder) == ()
    assert "drivers.json is damaged and left out" in caplog.text
