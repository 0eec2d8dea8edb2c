"""Waiting for a storage: with signs of life, said once, and not for ever."""

import errno
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tatl_search.errors import StorageError
from tatl_search.remote import patience
from tatl_search.remote.patience import Patience


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_S", 0.001)
    monkeypatch.setattr(patience, "LONGEST_S", 0.01)


def failing(times: int, notice: Path) -> Callable[[], bool]:
    """Return what fails so often, and then says whether people were told to wait."""
    left = [times]

    def action() -> bool:
        left[0] -= 1
        if left[0] >= 0:
            raise OSError("the line is dead")
        return notice.exists()

    return action


def test_people_hear_of_it_once_and_while_it_lasts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notice, signs = tmp_path / "paused.txt", []
    waiting = Patience("s3://bucket/x", notice, alive=lambda: signs.append(1))
    with caplog.at_level(logging.WARNING):
        assert waiting.insist(failing(20, notice))
    assert not notice.exists()
    first, last = (record.getMessage() for record in caplog.records)
    assert first.startswith("waiting for s3://bucket/x since 20")
    assert first.endswith(": the line is dead")
    assert last == "s3://bucket/x answers again"
    assert len(signs) >= 20


def test_a_cut_connection_is_nothing_to_tell(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notice = tmp_path / "paused.txt"
    assert not Patience("s3://bucket/x", notice).insist(failing(2, notice))
    assert caplog.records == []


def test_it_ends_after_the_limit(tmp_path: Path) -> None:
    waiting = Patience("s3://bucket/x", tmp_path / "paused.txt", limit_s=0.05)
    with pytest.raises(StorageError, match=r"s3://bucket/x does not answer \(the line.*resume"):
        waiting.insist(failing(10_000, tmp_path / "paused.txt"))
    assert (tmp_path / "paused.txt").exists()  # it is still away


def test_who_wants_to_end_waits_no_longer(tmp_path: Path) -> None:
    waiting = Patience("s3://bucket/x", tmp_path / "paused.txt")
    waiting.give_up()
    with pytest.raises(StorageError):
        waiting.insist(failing(1, tmp_path / "paused.txt"))


def test_a_full_disk_here_is_not_waited_for(tmp_path: Path) -> None:
    tries = []

    def action() -> None:
        tries.append(1)
        raise OSError(errno.ENOSPC, "no space")

    with pytest.raises(OSError, match="no space"):
        Patience("s3://bucket/x", tmp_path / "paused.txt").insist(action)
    assert tries == [1]
