"""Rows are merged beside a driver's work, and a failure costs nothing."""

import logging
import time
from pathlib import Path

import pytest

from tatl_search.errors import StorageError
from tatl_search.manifest import SweepFolder
from tatl_search.search import compacting
from tatl_search.tracking import merging
from tatl_search.tracking.merging import Merger
from tests.tracking.stored import ROUNDS, rows, store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepFolder:
    monkeypatch.setattr(merging, "BATCH", 2)
    monkeypatch.setattr(compacting, "LOOK_EVERY_S", 0.05)
    return SweepFolder(tmp_path)


def merged(folder: SweepFolder) -> int:
    return len(list(folder.candidates.glob("merged-*.parquet")))


def test_rows_are_merged_while_work_goes_on_and_at_its_end(folder: SweepFolder) -> None:
    store(folder, range(2))
    part = folder.candidates / ".merged-00000-00001-killed.parquet.0.part"
    part.write_bytes(b"half")
    with compacting.compacting(Merger(folder)):
        deadline = time.monotonic() + 60
        while merged(folder) < ROUNDS:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert not part.exists()
        store(folder, range(2, 40))
    assert merged(folder) == 40 * ROUNDS // 2
    assert len(rows(folder)[0]) == 40 * ROUNDS


def test_work_that_fails_leaves_rows_as_they_are(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compacting, "LOOK_EVERY_S", 60.0)
    store(folder, range(2))
    with pytest.raises(KeyboardInterrupt), compacting.compacting(Merger(folder)):
        raise KeyboardInterrupt
    assert merged(folder) == 0


def test_a_failure_is_said_once_and_costs_nothing(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store(folder, range(2))
    before, tried = rows(folder), [0]

    def full(*_: object) -> None:
        tried[0] += 1
        raise StorageError("no space left")

    monkeypatch.setattr(merging, "write_merged", full)
    with caplog.at_level(logging.WARNING), compacting.compacting(Merger(folder)):
        while tried[0] < 3:
            time.sleep(0.02)
    assert [record.message for record in caplog.records] == ["rows were not merged: no space left"]
    assert rows(folder) == before
    assert merged(folder) == 0
