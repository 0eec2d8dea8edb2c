"""A holder that was frozen, or lost the disk, is not waited for for ever, and spoils nothing."""

import multiprocessing
import os
import signal
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from tatl_search.adaptation import turns
from tatl_search.adaptation.stages import Stage, StageMetrics, StageStore
from tests.adaptation.test_stages import write_network


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "BEAT_S", 0.1)
    monkeypatch.setattr(turns, "PATIENCE_S", 3.0)


def compute_slowly(root: Path, begun: Event, go_on: Event) -> None:
    """Compute a stage, and leave word whose it is in the end."""

    def compute(folder: Path) -> StageMetrics:
        begun.set()
        go_on.wait()
        return write_network(folder)

    stage = StageStore(root).get_or_compute("k", "first", compute)
    (root / "told").write_text(stage.owner)


def test_a_frozen_holder_is_not_waited_for_and_changes_nothing_later(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("fork")
    begun, go_on = processes.Event(), processes.Event()
    holder = processes.Process(target=compute_slowly, args=(tmp_path, begun, go_on))
    holder.start()
    assert holder.pid is not None
    begun.wait()
    os.kill(holder.pid, signal.SIGSTOP)
    stage = StageStore(tmp_path).get_or_compute("k", "second", write_network)
    assert stage.owner == "second"
    before = (stage.folder / "metrics.json").stat()

    os.kill(holder.pid, signal.SIGCONT)
    go_on.set()
    holder.join()
    assert (tmp_path / "told").read_text() == "second"
    assert (stage.folder / "metrics.json").stat() == before
    assert not list(tmp_path.glob(".unfinished-*"))


def test_a_living_holder_is_waited_for(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("fork")
    begun, go_on = processes.Event(), processes.Event()
    holder = processes.Process(target=compute_slowly, args=(tmp_path, begun, go_on))
    holder.start()
    begun.wait()
    signs: list[float] = []

    def alive() -> None:
        signs.append(time.monotonic())
        if signs[-1] - signs[0] > 2 * turns.PATIENCE_S:
            go_on.set()

    def compute(_: Path) -> StageMetrics:
        pytest.fail("computed twice")

    stage: Stage = StageStore(tmp_path, alive=alive).get_or_compute("k", "second", compute)
    holder.join()
    assert stage.owner == "first"


def test_a_damaged_folder_is_replaced(tmp_path: Path) -> None:
    made, final = tmp_path / "made", tmp_path / "final"
    for folder, content in ((made, "whole"), (final, "damaged")):
        folder.mkdir()
        (folder / "file").write_text(content)
    assert turns.moved(made, final, lambda: None) is None
    assert (final / "file").read_text() == "whole"
    assert not made.exists()
