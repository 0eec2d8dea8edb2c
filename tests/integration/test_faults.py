"""Kills and Ctrl-C, against real drivers in processes of their own.

Each test leaves a complete sweep in which nothing is lost, doubled, changed or left running.
"""

import os
import random
import re
import signal
import time
from pathlib import Path

import pytest

from tatl_search.errors import InputError
from tatl_search.search.sweep import resume
from tatl_search.tracking import merging
from tests.integration.audit import audit, snapshot, stored_trials
from tests.integration.drivers import Driver, faulty_space
from tests.search.items import hear_nothing

pytestmark = pytest.mark.usefixtures("ray_here")  # where the test itself goes on with a sweep


def attempts(folder: Path) -> dict[int, int]:
    """Return how often each trial was handed out."""
    return {trial.number: trial.user_attrs["attempts"] for trial in stored_trials(folder)}


def test_a_killed_driver_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the next one, which merges rows of trials that ended."""
    monkeypatch.setattr(merging, "BATCH", 2)
    folder = tmp_path / "killed"
    with Driver.sweep(folder, faulty_space(trials=4)) as driver:
        driver.await_file(folder / "candidates", "trial-*")
        time.sleep(random.Random(0).uniform(0.0, 2.0))
        driver.signal(signal.SIGKILL)
        assert driver.end() == -signal.SIGKILL
    before = snapshot(folder)
    assert before.rows
    running = {t.number for t in stored_trials(folder) if not t.state.is_finished()}
    assert running

    assert resume(folder, hear_nothing).complete
    assert audit(folder, before).faults == ()
    assert attempts(folder) == {number: 1 + (number in running) for number in range(4)}
    assert (folder / "report.html").is_file()
    assert len(list((folder / "candidates").glob("merged-*.parquet"))) >= 2
    assert len(list((folder / "candidates").glob("trial-*.parquet"))) < 2


@pytest.mark.soak
def test_whose_worker_was_lost_is_said_without_a_traceback(tmp_path: Path) -> None:
    folder = tmp_path / "bereft"
    with Driver.sweep(folder, faulty_space(trials=1, retrain={"epochs": 10})) as driver:
        driver.await_file(folder / "candidates", "trial-*")
        os.kill(driver.workers()[0], signal.SIGKILL)
        assert driver.end() == 0, driver.output
    assert re.search(r"trial \d lost its worker \(attempt 1\): handed out again", driver.output)
    assert "Traceback" not in driver.output
    assert "Trials did not complete" not in driver.output
    assert audit(folder).faults == ()


def test_ctrl_c_ends_cleanly_and_is_no_attempt(tmp_path: Path) -> None:
    folder = tmp_path / "interrupted"
    with Driver.sweep(folder, faulty_space(trials=4)) as driver:
        driver.await_file(folder / "candidates", "trial-*")
        with pytest.raises(InputError, match="another driver is running this sweep"):
            resume(folder, hear_nothing)
        driver.ctrl_c()
        interrupted = time.monotonic()
        assert driver.end() == 1
        assert time.monotonic() - interrupted < 60
        assert f"go on with: tatl-search resume {folder}" in driver.output
        assert "Traceback" not in driver.output
    before = snapshot(folder)

    assert resume(folder, hear_nothing).complete
    assert audit(folder, before).faults == ()
    assert set(attempts(folder).values()) == {1}


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("when", ["trials", "root"])
def test_a_driver_whose_ray_died_does_not_wait_for_ever(tmp_path: Path, when: str) -> None:
    """As when the system, out of memory, ends Ray's process; its end takes Ray seconds to see."""
    folder = tmp_path / "bereft"
    long = {"epochs": 40}
    with Driver.sweep(folder, faulty_space(trials=8, finetune=long, retrain=long)) as driver:
        if when == "trials":
            driver.await_file(folder / "candidates", "trial-*")
        else:
            driver.wait(lambda: "fine-tuning the unpruned network" in driver.output)
        assert driver.kill_ray()
        assert driver.end() == 1
        assert "Ray failed: its process on this machine died" in driver.output
        assert f"go on with: tatl-search resume {folder}" in driver.output
    before = snapshot(folder)
    assert resume(folder, hear_nothing).complete
    assert audit(folder, before).faults == ()
