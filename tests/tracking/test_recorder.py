"""W&B's runs of a sweep, made by a process beside it from the rows it stores."""

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tatl_search.config import SweepSettings, WandbSettings
from tatl_search.figures import MACS
from tatl_search.files import write_durably
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import Kind, StopReason, TrialState
from tatl_search.tracking.parquet import ParquetTracker
from tatl_search.tracking.recording import recording
from tests.tracking.made import made_candidate, made_trial
from tests.wandb_reader import OfflineRun, read_run

LAUNCHED = "2026-01-01T00:00:00+00:00"
DRIVER = """
import os, sys
from pathlib import Path
from tatl_search.manifest import SweepFolder
from tatl_search.tracking.recording import recording
with recording(SweepFolder(Path(sys.argv[1]))):
    print("recording", flush=True)
    sys.stdin.read()
"""


def _sweep(folder: SweepFolder, wandb: WandbSettings) -> SweepFolder:
    manifest = SweepManifest(
        name="made",
        created_at=LAUNCHED,
        sweep=SweepSettings(wandb=wandb),
        space={},
        reference={MACS: 1.0},
    )
    folder.root.mkdir()
    write_durably(folder.manifest, manifest.to_yaml().encode())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return _sweep(SweepFolder(tmp_path / "made"), WandbSettings(mode="offline"))


def _runs(folder: SweepFolder) -> list[OfflineRun]:
    """Return the parts of runs, in the order of their ids and times."""
    paths = sorted(folder.root.glob("wandb/offline-run-*/*.wandb"))
    return sorted((read_run(path) for path in paths), key=lambda part: part.run.run_id)


def _rounds(part: OfflineRun) -> list[int]:
    return [row["round"] for row in part.history]


def test_each_trial_becomes_a_run_as_its_rows_are_stored(folder: SweepFolder) -> None:
    rows = ParquetTracker(folder)
    with recording(folder):
        for trial in (0, 1):
            for number in range(3):
                rows.candidate(made_candidate(trial=trial, round=number, settings='{"seed": 7}'))
        rows.trial(made_trial(trial=0, stop_reason=StopReason.MAX_ROUNDS))
        stopped = made_trial(trial=1, state=TrialState.STOPPED, stop_reason=StopReason.BELOW_FRONT)
        rows.trial(stopped)  # by the driver: its worker could not say so
        rows.trial(made_trial(trial=2, state=TrialState.INFEASIBLE, stop_reason=None))
    first, second, third = _runs(folder)
    assert first.run.run_id == "made-2026-01-01T00-00-00-trial-00000"
    assert (first.run.run_group, first.run.job_type) == ("made", "trial")
    assert first.config["seed"] == 7
    assert _rounds(first) == _rounds(second) == [0, 1, 2]
    assert (first.summary["state"], first.summary["stop_reason"]) == ("complete", "max_rounds")
    assert (second.summary["state"], second.summary["stop_reason"]) == ("stopped", "below_front")
    assert (_rounds(third), third.summary["state"]) == ([], "infeasible")


def test_rows_without_a_trial_are_no_runs_and_confirmations_are(folder: SweepFolder) -> None:
    rows = ParquetTracker(folder)
    with recording(folder):
        rows.candidate(made_candidate(trial=None, kind=Kind.UNPRUNED))
        for seed in (1, 2):
            settings = f'{{"seed": {seed}}}'
            confirmed = made_candidate(kind=Kind.CONFIRMATION, trial=3, settings=settings)
            rows.candidate(confirmed)
            rows.candidate(replace(confirmed, round=3))
    found = [(run.run.display_name, run.run.job_type, _rounds(run)) for run in _runs(folder)]
    assert found == [
        ("confirmation-00003-seed-1", "confirmation", [2, 3]),
        ("confirmation-00003-seed-2", "confirmation", [2, 3]),
    ]


def test_the_next_recorder_goes_on_where_the_last_one_ended(folder: SweepFolder) -> None:
    rows = ParquetTracker(folder)
    with recording(folder):
        rows.candidate(made_candidate(trial=0, round=0))
        rows.trial(made_trial(trial=0))
        rows.candidate(made_candidate(trial=1, round=0))
    time.sleep(1.1)  # W&B names the files by the second
    with recording(folder):
        rows.candidate(made_candidate(trial=1, round=1))
        rows.trial(made_trial(trial=1))
    ended, begun, went_on = _runs(folder)
    assert (_rounds(ended), ended.summary["state"]) == ([0], "complete")
    assert (_rounds(begun), "state" in begun.summary) == ([0], False)
    assert begun.run.run_id == went_on.run.run_id
    assert (_rounds(went_on), went_on.summary["state"]) == ([1], "complete")


def test_the_next_recorder_waits_for_the_last_one(folder: SweepFolder) -> None:
    driver = _driver(folder)
    rows = ParquetTracker(folder)
    for trial in (0, 1):
        rows.candidate(made_candidate(trial=trial, round=0))
        rows.trial(made_trial(trial=trial))
        if trial == 0:
            _until_recorded(folder, 2)
            slow = _recorder_of(folder)
            os.kill(slow, signal.SIGSTOP)
    driver.kill()
    driver.communicate()
    with recording(folder):
        time.sleep(8.0)  # long enough for the next one to record all, did it not wait
        os.kill(slow, signal.SIGCONT)
    found = [(part.run.display_name, _rounds(part)) for part in _runs(folder)]
    assert found == [("trial-00000", [0]), ("trial-00001", [0])]


def test_a_driver_that_is_killed_leaves_whole_runs(folder: SweepFolder) -> None:
    driver = _driver(folder)
    rows = ParquetTracker(folder)
    rows.candidate(made_candidate(trial=0, round=0))
    rows.trial(made_trial(trial=0))
    driver.kill()
    driver.communicate()
    _until_recorded(folder, 2)
    (found,) = _runs(folder)
    assert (_rounds(found), found.summary["state"]) == ([0], "complete")


def test_what_a_killed_recorder_left_is_recorded_by_the_next(folder: SweepFolder) -> None:
    rows = ParquetTracker(folder)
    with recording(folder):
        rows.candidate(made_candidate(trial=0, round=0))
        rows.trial(made_trial(trial=0))
        _until_recorded(folder, 2)
        os.kill(_recorder_of(folder), signal.SIGKILL)
        rows.candidate(made_candidate(trial=1, round=0))
        rows.trial(made_trial(trial=1))
    with recording(folder):
        pass
    found = [(part.run.display_name, _rounds(part)) for part in _runs(folder)]
    assert found == [("trial-00000", [0]), ("trial-00001", [0])]


def test_a_recorder_that_fails_says_so_and_nothing_else_happens(
    folder: SweepFolder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.wandb.write_text("in the way")
    rows = ParquetTracker(folder)
    with caplog.at_level(logging.WARNING), recording(folder):
        for trial in (0, 1):
            rows.candidate(made_candidate(trial=trial))
            rows.trial(made_trial(trial=trial))
    assert "W&B failed and is switched off here" in caplog.text
    assert "and 1 lines more" in caplog.text


def test_nobody_waits_for_a_recorder_for_ever(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tatl_search.tracking.recording.PATIENCE_S", 0.0)
    with caplog.at_level(logging.WARNING), recording(folder):
        ParquetTracker(folder).trial(made_trial(trial=0))
    assert "it goes on beside" in caplog.text
    _until_recorded(folder, 1)
    (found,) = _runs(folder)
    assert found.summary["state"] == "complete"


def test_nothing_runs_where_wandb_is_disabled(tmp_path: Path) -> None:
    folder = _sweep(SweepFolder(tmp_path / "made"), WandbSettings(mode="disabled"))
    with recording(folder):
        ParquetTracker(folder).trial(made_trial(trial=0))
    assert not folder.wandb.exists()


def _driver(folder: SweepFolder) -> subprocess.Popen[bytes]:
    """Start a process that has the sweep recorded until it is killed."""
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(folder.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert driver.stdout is not None
    driver.stdout.readline()
    return driver


def _until_recorded(folder: SweepFolder, rows: int) -> None:
    """Wait until so many rows are in completed runs; W&B's own process then ends with ours."""
    listed = folder.wandb / "recorded.txt"
    deadline = time.monotonic() + 120
    while not listed.is_file() or len(listed.read_text().splitlines()) < rows:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(2.0)


def _recorder_of(folder: SweepFolder) -> int:
    """Return the id of the process that records a sweep (Linux)."""
    word = str(folder.root).encode()
    for place in Path("/proc").glob("[0-9]*"):
        command = (place / "cmdline").read_bytes().split(b"\0")
        if word in command and b"tatl_search.tracking.recorder" in command:
            return int(place.name)
    raise AssertionError("there is none")
