"""A recorder's failure is said once, and costs nothing else."""

import logging
from pathlib import Path
from threading import Event

import pytest

from tatl_search.config import WandbSettings
from tatl_search.errors import StorageError
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, TrialRecord, TrialState
from tatl_search.tracking.tracker import FailSoft, attempt
from tatl_search.tracking.wandb import SweepRuns, WandbTrialTracker
from tests.tracking.made import made_candidate, made_trial


def _impossible(tmp_path: Path) -> SweepFolder:
    """A sweep's folder that cannot be made, since a file stands where its parent would be."""
    (tmp_path / "file").write_text("in the way")
    return SweepFolder(tmp_path / "file" / "sweep")


def _wandb(folder: SweepFolder) -> WandbTrialTracker:
    runs = SweepRuns(folder, WandbSettings(mode="offline"), "made", "2026-01-01T00:00:00+00:00")
    return WandbTrialTracker(runs, "trial-00003", {})


def _settle(tracker: FailSoft) -> None:
    """Wait, as the end of the process does, for a tracker that was closed."""
    tracker._thread.shutdown(wait=True)


def test_the_first_failure_is_logged_and_switches_the_tracker_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = FailSoft(_wandb(_impossible(tmp_path)), "the copy")
    with caplog.at_level(logging.WARNING):
        tracker.candidate(made_candidate(round=0))
        tracker.candidate(made_candidate(round=1))
        tracker.trial(made_trial())
        tracker.close()
        _settle(tracker)
    assert len(caplog.records) == 1
    assert "the copy failed and is switched off" in caplog.text
    assert "StorageError" in caplog.text


def test_unwrapped_failures_are_raised(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot make"):
        _wandb(_impossible(tmp_path)).candidate(made_candidate())


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


def test_nobody_waits_for_a_slow_tracker_and_all_is_recorded_in_order() -> None:
    slow = _Waits()
    tracker = FailSoft(slow, "the copy")
    tracker.candidate(made_candidate(round=0))
    tracker.candidate(made_candidate(round=1))
    tracker.trial(made_trial())
    tracker.close()
    assert slow.recorded == []
    slow.goes_on.set()
    _settle(tracker)
    assert slow.recorded == [0, 1, TrialState.COMPLETE, "closed"]


def test_an_interrupt_is_not_a_failure() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt("the copy", interrupted)
