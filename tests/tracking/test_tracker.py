"""A recorder's failure never reaches the trial."""

import logging
from pathlib import Path
from threading import Event

import pytest

from tatl_search.config import WandbSettings
from tatl_search.errors import StorageError
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, TrialRecord, TrialState
from tatl_search.tracking.parquet import ParquetTracker
from tatl_search.tracking.tracker import FailSoft, Tracker, attempt, settle
from tatl_search.tracking.wandb import SweepRuns, WandbTrialTracker
from tests.tracking.made import made_candidate, made_trial


def _impossible(tmp_path: Path) -> SweepFolder:
    """A sweep's folder that cannot be made, since a file stands where its parent would be."""
    (tmp_path / "file").write_text("in the way")
    return SweepFolder(tmp_path / "file" / "sweep")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for whatever a busy machine is slow at."""
    monkeypatch.setattr("tatl_search.tracking.tracker.GRACE_S", 300.0)


def _parquet(folder: SweepFolder) -> Tracker:
    return ParquetTracker(folder)


def _wandb(folder: SweepFolder) -> Tracker:
    runs = SweepRuns(folder, WandbSettings(mode="offline"), "made", "2026-01-01T00:00:00+00:00")
    return WandbTrialTracker(runs, "trial-00003", {})


@pytest.mark.parametrize("open_tracker", [_parquet, _wandb])
def test_the_first_failure_is_logged_and_switches_the_tracker_off(
    open_tracker: type[ParquetTracker], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = FailSoft(open_tracker(_impossible(tmp_path)), "the copy")
    with caplog.at_level(logging.WARNING):
        tracker.candidate(made_candidate(round=0))
        tracker.candidate(made_candidate(round=1))
        tracker.trial(made_trial())
        tracker.close()
        settle()
    assert len(caplog.records) == 1
    assert "the copy failed and is switched off" in caplog.text
    assert "StorageError" in caplog.text


def test_unwrapped_failures_are_raised(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot make"):
        _wandb(_impossible(tmp_path)).candidate(made_candidate())


def test_records_pass_through_while_the_tracker_works(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    tracker = FailSoft(ParquetTracker(folder), "the copy")
    tracker.candidate(made_candidate(trial=3, round=2))
    tracker.trial(made_trial(trial=3))
    tracker.close()
    settle()
    assert (folder.candidates / "trial-00003-round-02.parquet").is_file()
    assert (folder.trials / "trial-00003.parquet").is_file()


class _Waits:
    """A recorder whose server does not answer until it is let go on."""

    def __init__(self) -> None:
        self.goes_on = Event()
        self.recorded: list[object] = []

    def candidate(self, record: CandidateRecord) -> None:
        self.goes_on.wait()
        self.recorded.append(record.round)

    def trial(self, record: TrialRecord) -> None:
        self.recorded.append(record.state)

    def close(self) -> None:
        self.recorded.append("closed")


def test_the_trial_does_not_wait_for_a_recorder_and_all_is_recorded_in_order() -> None:
    slow = _Waits()
    tracker = FailSoft(slow, "the copy")
    tracker.candidate(made_candidate(round=0))
    tracker.candidate(made_candidate(round=1))
    tracker.trial(made_trial())
    tracker.close()
    assert slow.recorded == []
    slow.goes_on.set()
    settle()
    assert slow.recorded == [0, 1, TrialState.COMPLETE, "closed"]


def test_an_interrupt_is_not_a_failure() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt("the copy", interrupted)
