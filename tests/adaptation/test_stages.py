"""The store of stages: one computation for all who ask, nothing half-written, damage noticed."""

import fcntl
import json
import multiprocessing
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tatl_search.adaptation.sharing import METRICS
from tatl_search.adaptation.stages import StageMetrics, StageStore
from tatl_search.core.spent import Spent
from tatl_search.errors import StorageError
from tatl_search.methods.context import Learnt


def metrics(accuracy: float = 0.5) -> StageMetrics:
    return StageMetrics(
        accuracy=accuracy,
        loss=1.0,
        val_images=10,
        macs=1000,
        parameters=100,
        size_bytes=400,
        widths={"conv": 8},
        images_trained=30,
        images_forward=20,
        seconds=0.1,
        device="cpu",
    )


def write_network(folder: Path, accuracy: float = 0.5) -> StageMetrics:
    (folder / "weights.safetensors").write_bytes(b"weights")
    (folder / "structure.json").write_text("{}")
    return metrics(accuracy)


def test_computed_once_and_found_again(tmp_path: Path) -> None:
    store = StageStore(tmp_path)
    first = store.get_or_compute("k", "me", write_network)
    again = StageStore(tmp_path).get_or_compute("k", "you", lambda _: pytest.fail("computed"))
    assert first == again
    assert again.owner == "me"
    assert again.metrics == metrics()
    assert (again.folder / "weights.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize("name", ["weights.safetensors", "structure.json", METRICS])
def test_flipped_byte_is_noticed_and_recomputed(tmp_path: Path, name: str) -> None:
    store = StageStore(tmp_path)
    stage = store.get_or_compute("k", "me", write_network)
    path = stage.folder / name
    path.write_bytes(flipped(path.read_bytes(), 0))
    assert store.get("k") is None
    mended = store.get_or_compute("k", "you", lambda folder: write_network(folder, 0.9))
    assert mended.metrics.accuracy == 0.9
    assert store.get("k") == mended


@pytest.mark.parametrize("bit", [0x01, 0x80])
def test_no_flipped_byte_makes_another_stage(tmp_path: Path, bit: int) -> None:
    """Such as a digit of the accuracy; a space between two words may well become another one."""
    store = StageStore(tmp_path)
    stage = store.get_or_compute("k", "me", write_network)
    path = stage.folder / METRICS
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(flipped(whole, place, bit))
        assert store.get("k") in (None, stage), place


def flipped(content: bytes, place: int, bits: int = 0xFF) -> bytes:
    changed = bytearray(content)
    changed[place] ^= bits
    return bytes(changed)


def test_half_written_stage_is_no_stage(tmp_path: Path) -> None:
    (tmp_path / "k").mkdir()
    (tmp_path / "k" / "weights.safetensors").write_bytes(b"half")
    assert StageStore(tmp_path).get("k") is None


def test_failed_computation_leaves_nothing(tmp_path: Path) -> None:
    def fails(folder: Path) -> StageMetrics:
        write_network(folder)
        raise RuntimeError("died")

    store = StageStore(tmp_path)
    with pytest.raises(RuntimeError, match="died"):
        store.get_or_compute("k", "me", fails)
    assert store.get("k") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k.lock", "k.use"]


def _ask(root: Path, owner: str) -> None:
    def compute(folder: Path) -> StageMetrics:
        with (root / "computed.txt").open("a") as log:
            log.write(f"{owner}\n")
        return write_network(folder)

    StageStore(root).get_or_compute("k", owner, compute)


def test_of_many_processes_one_computes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    askers = [context.Process(target=_ask, args=(tmp_path, f"p{i}")) for i in range(6)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert all(asker.exitcode == 0 for asker in askers)
    computed = (tmp_path / "computed.txt").read_text().split()
    stage = StageStore(tmp_path).get("k")
    assert stage is not None
    assert computed == [stage.owner]


def test_statistics_are_kept_beside_the_stage(tmp_path: Path) -> None:
    store = StageStore(tmp_path)
    stage = store.get_or_compute("k", "me", write_network)
    arrays = {"conv": np.array([0.25, 0.5])}
    made = Learnt(arrays, Spent(images_forward=7, images_trained=3))
    first, computed = store.learnt(stage, "activations", lambda: made)
    again, computed_again = store.learnt(stage, "activations", lambda: Learnt({}))
    assert (computed, computed_again) == (True, False)
    np.testing.assert_array_equal(again.arrays["conv"], first.arrays["conv"])
    assert again.spent == made.spent
    assert store.get("k") == stage


def test_flipped_statistics_are_made_again(tmp_path: Path) -> None:
    store = StageStore(tmp_path)
    stage = store.get_or_compute("k", "me", write_network)
    made = Learnt({"conv": np.array([0.25, 0.5])}, Spent(images_forward=7))
    store.learnt(stage, "activations", lambda: made)
    path = stage.folder / "activations.safetensors"
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(flipped(whole, place, 0x01))
        found, computed = store.learnt(stage, "activations", lambda: made)
        assert computed or found.spent == made.spent
        np.testing.assert_array_equal(found.arrays["conv"], made.arrays["conv"])


def test_who_waits_for_another_process_says_so(tmp_path: Path) -> None:
    signs = []
    with (tmp_path / "k.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def alive() -> None:
            signs.append("alive")
            if len(signs) == 3:
                fcntl.flock(lock, fcntl.LOCK_UN)

        StageStore(tmp_path, alive=alive).get_or_compute("k", "me", write_network)
    assert len(signs) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_full_disk_is_a_storage_error(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:

        def too_large(folder: Path) -> StageMetrics:
            (folder / "weights.safetensors").write_bytes(b"0" * 1_000_000)
            return metrics()

        with pytest.raises(StorageError, match="No space left"):
            StageStore(disk).get_or_compute("k", "me", too_large)
        assert StageStore(disk).get("k") is None
    finally:
        subprocess.run(["umount", disk], check=True)


def test_manifest_is_readable(tmp_path: Path) -> None:
    stage = StageStore(tmp_path).get_or_compute("k", "me", write_network)
    raw = json.loads((stage.folder / METRICS).read_text())
    assert set(raw["files"]) == {"structure.json", "weights.safetensors"}


def test_an_evicted_stage_keeps_all_but_its_weights(tmp_path: Path) -> None:
    asked = StageStore(tmp_path)
    stage = asked.get_or_compute("k", "me", write_network)
    asked.learnt(stage, "activations", lambda: Learnt({"conv": np.zeros(2)}))
    assert not asked.evict("k")  # it is in use
    del asked
    store = StageStore(tmp_path)
    assert not store.is_evicted("k")
    assert store.evict("k")
    assert store.get("k") is None
    assert store.is_evicted("k")
    assert sorted(path.name for path in stage.folder.iterdir()) == [METRICS, "structure.json"]
    (held,) = store.holdings()
    assert (held.stage, held.evicted) == (stage, True)
    again = store.get_or_compute("k", "you", write_network)
    assert again.owner == "you"
    assert not store.is_evicted("k")


def test_a_stage_whose_weights_got_lost_is_not_taken_for_an_evicted_one(tmp_path: Path) -> None:
    store = StageStore(tmp_path)
    stage = store.get_or_compute("k", "me", write_network)
    (stage.folder / "weights.safetensors").unlink()
    assert not store.is_evicted("k")
    assert not StageStore(tmp_path / "nowhere").is_evicted("k")


def test_a_store_tells_what_it_holds(tmp_path: Path) -> None:
    store = StageStore(tmp_path)
    stages = [store.get_or_compute(key, "me", write_network) for key in ("a", "b")]
    (stages[1].folder / METRICS).write_text("damaged")
    (held,) = store.holdings()
    assert held.stage == stages[0]
    assert held.size_bytes == sum(path.stat().st_size for path in stages[0].folder.iterdir())
    assert held.used_at == (tmp_path / "a.use").stat().st_mtime
    assert not held.evicted
