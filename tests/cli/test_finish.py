"""The verb `finish`: a network trained further, found again, and exported with the truth told."""

import json
import shutil
from pathlib import Path

import pytest

import tatl_search
from tatl_search.files import checksum
from tatl_search.records import CandidateRecord, Kind
from tatl_search.search.keeping import never_evicted
from tatl_search.tracking.reading import read_records
from tests.cli.conftest import Tatl


@pytest.fixture
def sweep(adapted: Path, tmp_path: Path) -> Path:
    """Return a copy of the small run, to be written into."""
    return shutil.copytree(adapted, tmp_path / "adapted")


def test_a_network_is_trained_further_and_found_again(sweep: Path, tatl: Tatl) -> None:
    front = tatl("front", sweep, "--json").out
    words = ("finish", sweep, "--trial", "0", "--round", "1", "--epochs", "1")
    first = tatl(*words, "--json")
    assert first.code == 0
    content = json.loads(first.out)
    before, after = content["before"], content["after"]
    assert (before["label"], after["label"]) == ("trial 0 round 1", "trial 0 round 1, finished")
    assert after["kind"] == Kind.FINISHED
    assert after["finishing"] == "1 more epoch on the training images (--epochs 1)"
    assert after["images_trained"] == 100  # one epoch of ten images of ten classes
    costs = ("macs", "parameters", "size_bytes", "latency_ms", "round", "trial")
    assert [after[name] for name in costs] == [before[name] for name in costs]
    assert tatl("front", sweep, "--json").out == front

    weights = sweep / "stages" / after["stage"] / "weights.safetensors"
    digest, made_at = checksum(weights), weights.stat().st_mtime_ns
    again = tatl(*words)
    change = 100 * (after["accuracy"] - before["accuracy"])
    assert f"{after['accuracy']:.4f} after ({change:+.1f} points) on 200 images" in again.out
    assert weights.stat().st_mtime_ns == made_at
    shutil.rmtree(weights.parent)
    assert tatl(*words).out == again.out
    assert checksum(weights) == digest

    (row,) = read_records(sweep / "finished", CandidateRecord)
    assert row.stage == after["stage"] in never_evicted(tatl_search.load_sweep(sweep))


def test_what_learnt_validation_is_exported_with_the_truth_told(sweep: Path, tatl: Tatl) -> None:
    folder = sweep.parent / "network"
    words = ("--trial", "0", "--round", "2", "--epochs", "1", "--with-validation", "--distil")
    ended = tatl("finish", sweep, *words, "--export", folder, "--json")
    assert ended.code == 0, ended.err
    after = json.loads(ended.out)["after"]
    candidates = tatl_search.load_sweep(sweep).candidates
    best = max(candidates, key=lambda row: (row.accuracy, row.macs))
    asked = "--epochs 1 --with-validation --distil"
    told = f"1 more epoch on train + validation, taught by {best.label} ({asked})"
    assert (after["finishing"], after["saw_validation"]) == (told, True)
    assert after["images_trained"] == 300  # 200 validation images besides

    figures = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert figures["stage"] == after["stage"]
    assert figures["picked"]["validation_minus_test"] is None
    assert figures["unpruned"]["validation_minus_test"] is not None
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"Finished: {told}" in card
    assert f"`tatl-search finish {sweep.name} --trial 0 --round 2` with the options of" in card
    assert "| validation accuracy | trained on |" in card
    assert "Validation was trained on" in tatl("finish", sweep, *words).out


def test_what_cannot_be_finished_is_said(adapted: Path, tatl: Tatl) -> None:
    ended = tatl("finish", adapted, "--trial", "5", "--round", "1", "--epochs", "1")
    assert (ended.code, ended.out) == (2, "")
    assert "trial 5 has no round 1: there is no such trial" in ended.err
    ended = tatl("finish", adapted, "--epochs", "0")
    assert ended.code == 2
    assert "--epochs" in ended.err
    assert not (adapted / "finished").exists()
