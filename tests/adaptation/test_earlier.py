"""Stages of another sweep in the same storage are taken over, and outlive it."""

import shutil
from pathlib import Path

import pytest

from tatl_search.adaptation.earlier import earlier_stages
from tatl_search.adaptation.stages import EARLIER, StageStore
from tests.adaptation.test_stages import write_network


def store_of(storage: Path, sweep: str) -> StageStore:
    return StageStore(storage / sweep / "stages", storage)


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """Return a storage with a sweep `first` that holds stage `k`."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sweep.yaml").touch()
    store_of(tmp_path, "first").get_or_compute("k", "first/trial-0", write_network)
    return tmp_path


def test_taken_over_and_kept_when_the_older_sweep_is_deleted(storage: Path) -> None:
    taken = store_of(storage, "second").get_or_compute("k", "me", lambda _: pytest.fail("computed"))
    assert taken.owner == f"{EARLIER}first/trial-0"
    weights = "weights.safetensors"
    assert (taken.folder / weights).samefile(storage / "first" / "stages" / "k" / weights)
    shutil.rmtree(storage / "first")
    assert store_of(storage, "second").get("k") == taken


def test_taken_over_twice_it_names_who_computed_it(storage: Path) -> None:
    (storage / "second").mkdir()
    (storage / "second" / "sweep.yaml").touch()
    store_of(storage, "second").get_or_compute("k", "me", write_network)
    shutil.rmtree(storage / "first")
    third = store_of(storage, "third").get_or_compute("k", "me", write_network)
    assert third.owner == f"{EARLIER}first/trial-0"


def test_a_damaged_one_is_computed_and_the_older_sweep_left_alone(storage: Path) -> None:
    damaged = storage / "first" / "stages" / "k" / "weights.safetensors"
    damaged.write_bytes(b"wEights")
    stage = store_of(storage, "second").get_or_compute("k", "me", write_network)
    assert stage.owner == "me"
    assert damaged.read_bytes() == b"wEights"
    assert not list((storage / "second" / "stages").glob(".unfinished-*"))


def test_evicting_and_damaging_one_sweeps_stage_leaves_the_others_whole(storage: Path) -> None:
    second = store_of(storage, "second")
    second.get_or_compute("k", "me", write_network)
    assert store_of(storage, "first").evict("k")
    assert second.get("k") is not None


def test_only_sweeps_are_looked_at(storage: Path) -> None:
    (storage / "first" / "sweep.yaml").unlink()
    assert list(earlier_stages(storage, "k")) == []
