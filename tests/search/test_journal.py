"""The journal's file: what a dead writer leaves in it does no harm."""

import json
import os
import time
from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileSymlinkLock

from tatl_search.errors import InputError
from tatl_search.search.journal import GRACE_S, open_journal, view_journal


def add_trial(journal: Path) -> int:
    storage = open_journal(journal)
    study = optuna.create_study(storage=storage, study_name="test", load_if_exists=True)
    study.add_trial(optuna.trial.create_trial(value=0.5))
    storage.flush()
    return len(study.trials)


@pytest.mark.parametrize("torn", [b'{"op_code":4,"worker', b"\0\0\0\0", b"{"])
def test_an_entry_that_was_torn_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    """A full disk or a power cut tears the last entry."""
    journal = tmp_path / "study.journal"
    assert add_trial(journal) == 1
    whole = journal.read_bytes()
    journal.write_bytes(whole + torn)
    assert add_trial(journal) == 2
    content = journal.read_bytes()
    assert content.startswith(whole)
    assert all(json.loads(line) for line in content.splitlines())


@pytest.mark.parametrize("damage", [b"\xff\xfe\n", b'{"op_code": 4, "wor\n', b"{}\n"])
def test_damage_is_named_with_what_helps(tmp_path: Path, damage: bytes) -> None:
    journal = tmp_path / "study.journal"
    add_trial(journal)
    journal.write_bytes(damage + journal.read_bytes())
    for opened in (open_journal, view_journal):
        with pytest.raises(InputError, match=r"study\.journal is damaged .* Delete it and resume"):
            opened(journal)


def test_a_journal_of_one_torn_entry_begins_anew(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    journal.write_bytes(b'{"op_code":0,"wor')
    assert add_trial(journal) == 1


def test_a_lock_left_by_a_killed_driver_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the sweep was named by a relative path, as people do."""
    monkeypatch.chdir(tmp_path)
    journal = Path("sweeps/a/study.journal")
    journal.parent.mkdir(parents=True)
    add_trial(journal)
    JournalFileSymlinkLock(str(journal.resolve())).acquire()  # and its holder is killed
    hour_ago = time.time() - 3600
    os.utime(journal, (hour_ago, hour_ago))
    started = time.monotonic()
    assert add_trial(journal) == 2
    assert time.monotonic() - started < GRACE_S + 5


def test_entries_are_known_at_once_and_in_the_file_after_a_flush(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    storage = open_journal(journal)
    study = optuna.create_study(storage=storage, study_name="test")
    study.set_user_attr("first", ({"a": 1},))
    assert study.user_attrs["first"] == [{"a": 1}]
    assert journal.read_bytes() == b""
    storage.flush()
    storage.flush()
    assert [json.loads(line)["op_code"] for line in journal.read_bytes().splitlines()] == [0, 2]
    found = optuna.load_study(study_name="test", storage=open_journal(journal))
    assert found.user_attrs["first"] == [{"a": 1}]


def test_nothing_is_written_behind_an_entry_that_the_storage_refused(tmp_path: Path) -> None:
    """It would be glued to what is torn, and be lost with it."""
    journal = tmp_path / "study.journal"
    storage = open_journal(journal)
    study = optuna.create_study(storage=storage, study_name="test")
    journal.unlink()
    journal.mkdir()
    with pytest.raises(OSError, match="directory"):
        storage.flush()
    journal.rmdir()
    study.set_user_attr("later", 1)
    storage.flush()
    assert not journal.exists()
