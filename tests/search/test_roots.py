"""Shared first fine-tunings, in real Ray tasks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tatl_search.adaptation.stages import StageStore
from tatl_search.errors import RunError, StorageError
from tatl_search.manifest import SweepFolder
from tatl_search.search.cluster import node_cpus
from tatl_search.search.roots import compute_roots
from tatl_search.search.work import WorkItem, WorkKind
from tatl_search.space import space_from_raw
from tests.adaptation.benches import SETTINGS, config

pytestmark = pytest.mark.usefixtures("ray_here")

MILD: Mapping[str, Any] = {}
WILD = {"learning_rate": 1e30, "clip_norm": None}


def root(
    folder: Path, number: int, finetune: Mapping[str, Any] = MILD, threads: int = 1
) -> WorkItem:
    return WorkItem(
        kind=WorkKind.ROOT,
        number=number,
        label=f"unpruned {number}",
        folder=folder,
        sweep_name="test",
        sweep=space_from_raw({"wandb": {"mode": "disabled"}, **SETTINGS}).sweep,
        config=config(finetune={"epochs": 1, **finetune}, stop={"max_rounds": 0}),
        threads=1,
        root_threads=threads,
    )


def test_one_that_blows_up_is_named_and_the_others_are_there(tmp_path: Path) -> None:
    said: list[str] = []
    failures = compute_roots([root(tmp_path, 0, WILD), root(tmp_path, 1)], said.append)
    (failure,) = failures
    assert failure.startswith("unpruned 0: ")
    assert "loss is nan in epoch 1" in failure
    assert "unpruned 0" in said[0]
    assert "unpruned 1" in said[1]
    stages = SweepFolder(tmp_path).stages
    (key,) = (path.name for path in stages.iterdir() if path.is_dir())
    assert StageStore(stages).get(key) is not None


def test_without_any_there_is_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the first fine-tuning failed: unpruned 0"):
        compute_roots([root(tmp_path, 0, WILD)], lambda _: None)


def test_refused_storage_is_said_as_such(tmp_path: Path) -> None:
    SweepFolder(tmp_path).candidates.write_bytes(b"in the way")
    with pytest.raises(StorageError, match="candidates") as raised:
        compute_roots([root(tmp_path, 0)], lambda _: None)
    assert "Traceback" not in str(raised.value)


def test_a_sweep_from_a_larger_node_goes_on_here(tmp_path: Path) -> None:
    """No node here has that many CPUs; Ray would wait for one for ever."""
    assert compute_roots([root(tmp_path, 0, threads=node_cpus() + 1)], lambda _: None) == []
