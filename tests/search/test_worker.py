"""A worker's piece of work, in this process: rows before reports, and every end a record."""

from pathlib import Path

import pytest
import torch

from tatl_search.adaptation.stages import StageStore
from tatl_search.config import read_settings
from tatl_search.errors import StorageError
from tatl_search.figures import Figures, fields_of
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, Kind, StopReason, TrialRecord, TrialState
from tatl_search.search.report import from_dict, to_dict
from tatl_search.search.work import WorkKind
from tatl_search.search.worker import run_item
from tatl_search.tracking.reading import read_records
from tests.adaptation.benches import TRAINING_IMAGES, config
from tests.search.items import work_item


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def ignore(_: CandidateRecord) -> None:
    pass


def candidates(folder: Path) -> list[CandidateRecord]:
    return read_records(SweepFolder(folder).candidates, CandidateRecord)


def trials(folder: Path) -> list[TrialRecord]:
    return read_records(SweepFolder(folder).trials, TrialRecord)


def test_a_candidate_is_stored_before_it_is_reported(tmp_path: Path) -> None:
    heard: list[CandidateRecord] = []

    def listen(record: CandidateRecord) -> None:
        heard.append(record)
        assert candidates(tmp_path) == heard
        assert StageStore(SweepFolder(tmp_path).stages).get(record.stage) is not None
        assert trials(tmp_path) == []

    report = run_item(work_item(tmp_path), listen)
    assert [record.label for record in heard] == [f"trial 4 round {n}" for n in range(3)]
    (ended,) = trials(tmp_path)
    assert (ended.trial, ended.state, ended.rounds) == (4, TrialState.COMPLETE, 2)
    assert (ended.stop_reason, ended.attempts) == (StopReason.MAX_ROUNDS, 2)
    assert read_settings(ended.settings) == config()
    assert report.last is not None
    assert (report.kind, report.last.round) == (WorkKind.TRIAL, 2)
    assert report.stop_reason is StopReason.MAX_ROUNDS
    assert fields_of(Figures, report.last) == fields_of(Figures, heard[-1])
    assert report.infeasible_reason is None
    assert from_dict(to_dict(report)) == report


def test_every_batch_is_a_sign_of_life(tmp_path: Path) -> None:
    signs: list[str] = []
    run_item(work_item(tmp_path), ignore, lambda: signs.append("alive"))
    epochs, batches_an_epoch = 2 + 1 + 1, TRAINING_IMAGES // 20
    evaluations = sum(1 for _ in candidates(tmp_path))
    assert len(signs) >= epochs * batches_an_epoch + evaluations


def test_a_second_attempt_leaves_the_rows_of_the_first(tmp_path: Path) -> None:
    """What a row cost was counted when it was first reached, statistics included."""
    run_item(work_item(tmp_path), ignore)
    folder = SweepFolder(tmp_path).candidates
    first = {path: path.read_bytes() for path in folder.iterdir()}
    run_item(work_item(tmp_path), ignore)
    assert {path: path.read_bytes() for path in folder.iterdir()} == first


def test_a_damaged_row_is_written_again(tmp_path: Path) -> None:
    run_item(work_item(tmp_path), ignore)
    (row,) = SweepFolder(tmp_path).candidates.glob("*round-01*")
    stored = candidates(tmp_path)[1]
    row.write_bytes(b"damaged")
    run_item(work_item(tmp_path), ignore)
    mended = candidates(tmp_path)[1]
    assert (mended.stage, mended.accuracy, mended.images_trained) == (
        stored.stage,
        stored.accuracy,
        stored.images_trained,
    )


def test_a_baseline_is_a_row_of_its_own(tmp_path: Path) -> None:
    report = run_item(work_item(tmp_path, WorkKind.BASELINE, stop={"max_rounds": 0}), ignore)
    (row,) = candidates(tmp_path)
    assert (row.kind, row.label, row.trial) == (Kind.BASELINE, "input 32 px 4", None)
    assert trials(tmp_path) == []
    assert (report.kind, report.label) == (WorkKind.BASELINE, "input 32 px 4")


def test_what_the_shared_root_costs_is_what_its_trials_save(tmp_path: Path) -> None:
    run_item(work_item(tmp_path, WorkKind.ROOT, stop={"max_rounds": 0}), ignore)
    run_item(work_item(tmp_path), ignore)
    root, *rounds = candidates(tmp_path)
    assert (root.kind, root.trial) == (Kind.UNPRUNED, None)
    assert (root.images_trained, root.images_without_reuse) == (2 * TRAINING_IMAGES, 0)
    assert (rounds[0].images_trained, rounds[0].reused) == (0, True)
    assert rounds[0].images_without_reuse == 2 * TRAINING_IMAGES


def test_loss_that_blows_up_is_recorded(tmp_path: Path) -> None:
    wild = {"learning_rate": 1e30, "clip_norm": None}
    report = run_item(work_item(tmp_path, retrain=wild), ignore)
    assert report.infeasible_reason == "nan_loss"
    (ended,) = trials(tmp_path)
    assert (ended.state, ended.rounds) == (TrialState.INFEASIBLE, 0)
    assert ended.stop_reason is None
    assert [row.round for row in candidates(tmp_path)] == [0]


def test_collapsed_accuracy_is_recorded(tmp_path: Path) -> None:
    """No network is right ten times as often as guessing among ten classes."""
    report = run_item(work_item(tmp_path, collapse=10.0), ignore)
    assert report.infeasible_reason == "collapsed"
    assert "guessing gives 0.100" in report.detail
    (ended,) = trials(tmp_path)
    assert (ended.state, ended.rounds) == (TrialState.INFEASIBLE, 2)


def test_bad_input_of_one_trial_is_recorded(tmp_path: Path) -> None:
    """Such as weights that went away since the sweep was launched."""
    gone = str(tmp_path / "gone.pth")
    report = run_item(work_item(tmp_path, network={"weights": gone}), ignore)
    assert report.infeasible_reason == "failed"
    assert "gone.pth" in report.detail
    assert candidates(tmp_path) == []
    assert trials(tmp_path)[0].detail == report.detail


def test_storage_that_refuses_a_row_ends_the_work(tmp_path: Path) -> None:
    SweepFolder(tmp_path).candidates.write_bytes(b"in the way")
    with pytest.raises(StorageError, match="candidates"):
        run_item(work_item(tmp_path), ignore)
    assert trials(tmp_path) == []
