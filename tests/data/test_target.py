import json
import logging
from pathlib import Path

import numpy as np
import pytest

from tatl_search.data.target import Split, TargetData
from tatl_search.errors import StorageError


def split(count: int) -> Split:
    return Split(np.zeros((9, 16, 16, 3), np.uint8), np.arange(count), np.zeros(count, np.int64))


@pytest.fixture
def target() -> TargetData:
    return TargetData(("a", "b"), 16, "f1", split(4), split(3), (), split(2))


def test_the_first_opening_is_logged(
    target: TargetData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "sweep" / "test-openings.jsonl"
    with caplog.at_level(logging.INFO):
        assert len(target.open_test("pick of trial 3 round 2", log)) == 2
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "pick of trial 3 round 2" in record.getMessage()
    (entry,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert entry["why"] == "pick of trial 3 round 2"
    assert entry["fingerprint"] == "f1"


def test_a_repeat_warns_and_names_the_earlier_ones(
    target: TargetData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "test-openings.jsonl"
    target.open_test("first look", log)
    target.open_test("second look", log)
    caplog.clear()
    target.open_test("third look", log)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    for why in ("first look", "second look", "third look"):
        assert why in record.getMessage()
    assert len(log.read_text().splitlines()) == 3


def test_another_folder_does_not_warn(
    target: TargetData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target.open_test("here", tmp_path / "one.jsonl")
    target.open_test("there", tmp_path / "two.jsonl")
    target.open_test("without a log")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_damaged_entry_still_counts_as_an_opening(
    target: TargetData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "test-openings.jsonl"
    log.write_bytes(b'{"opened_at": "2026-0\xff\n')
    target.open_test("look", log)
    assert "unreadable entry" in caplog.text


def test_what_cannot_be_recorded_stays_shut(target: TargetData, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot record the opening"):
        target.open_test("look", tmp_path / "file" / "log.jsonl")


def test_a_split_knows_its_length() -> None:
    assert len(split(5)) == 5
