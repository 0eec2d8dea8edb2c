"""Shared first fine-tunings, in real Ray tasks."""

from pathlib import Path
from typing import Any

import pytest
import ray

from tatl_search.adaptation.stages import StageStore
from tatl_search.config import SweepSettings
from tatl_search.errors import RunError, StorageError
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.search.cluster import elsewhere, node_cpus
from tatl_search.search.report import TrainingReport
from tatl_search.search.roots import compute_roots
from tatl_search.search.work import WorkItem, WorkKind
from tests.search.items import work_item

pytestmark = pytest.mark.usefixtures("ray_here", "begun")

WILD = {"learning_rate": 1e30, "clip_norm": None}


@pytest.fixture
def begun(tmp_path: Path) -> None:
    """Leave the file by which a node knows that it sees the sweep's folder."""
    manifest = SweepManifest(
        name="test", created_at="", sweep=SweepSettings(), space={}, reference={}
    )
    SweepFolder(tmp_path).manifest.write_text(manifest.to_yaml())


def root(folder: Path, number: int, threads: int = 1, finetune: Any = None) -> WorkItem:
    return work_item(
        folder,
        WorkKind.ROOT,
        number,
        root_threads=threads,
        finetune={"epochs": 1, **(finetune or {})},
        stop={"max_rounds": 0},
    )


def test_one_that_blows_up_is_named_and_the_others_are_there(tmp_path: Path) -> None:
    said: list[str] = []
    failures = compute_roots([root(tmp_path, 0, finetune=WILD), root(tmp_path, 1)], said.append)
    (failure,) = failures
    assert failure.startswith("unpruned 0: ")
    assert "loss is nan in epoch 1" in failure
    assert "unpruned 0" in said[0]
    assert "unpruned 1" in said[1]
    stages = SweepFolder(tmp_path).stages
    (key,) = (path.name for path in stages.iterdir() if path.is_dir())
    assert StageStore(stages).get(key) is not None


def test_how_it_gets_on_is_heard_while_it_runs(tmp_path: Path) -> None:
    """It gives a word a second: this one takes some seconds."""
    heard: list[TrainingReport] = []
    assert compute_roots([root(tmp_path, 0, finetune={"epochs": 40})], no_word, heard.append) == []
    assert {(word.label, word.epochs) for word in heard} == {("unpruned 0", 40)}
    done = [word.done for word in heard]
    assert done == sorted(done)
    assert done[-1] == 40
    assert 0 < done[0] < 40
    assert 0 < (heard[-2].accuracy or 0) <= 1
    assert (heard[-2].left_s or 0) > 0


def no_word(_: str) -> None:
    """Announce nothing."""


def test_without_any_there_is_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the first fine-tuning failed: unpruned 0"):
        compute_roots([root(tmp_path, 0, finetune=WILD)], lambda _: None)


def test_refused_storage_is_said_as_such(tmp_path: Path) -> None:
    SweepFolder(tmp_path).candidates.write_bytes(b"in the way")
    with pytest.raises(StorageError, match="candidates") as raised:
        compute_roots([root(tmp_path, 0)], lambda _: None)
    assert "Traceback" not in str(raised.value)


def test_a_sweep_from_a_larger_node_goes_on_here(tmp_path: Path) -> None:
    """No node here has that many CPUs; Ray would wait for one for ever."""
    assert compute_roots([root(tmp_path, 0, threads=node_cpus() + 1)], lambda _: None) == []


def test_a_folder_that_no_node_sees_is_said(tmp_path: Path) -> None:
    SweepFolder(tmp_path).manifest.unlink()
    said: list[str] = []
    with pytest.raises(StorageError, match="is not the same folder on every node of the cluster"):
        compute_roots([root(tmp_path, 0)], said.append)
    assert "goes to another node" in said[-1]


def test_a_node_that_is_left_out_gets_nothing() -> None:
    here = ray.get_runtime_context().get_node_id()
    free = ray.remote(lambda: 1).options(num_cpus=0, label_selector=elsewhere({"another"}))
    assert ray.get(free.remote()) == 1
    bound = ray.remote(lambda: 1).options(num_cpus=0, label_selector=elsewhere({here, "another"}))
    waiting = bound.remote()
    assert ray.wait([waiting], timeout=1.0) == ([], [waiting])
    ray.cancel(waiting)
