"""The journal's file: what a dead writer leaves in it does no harm."""

import json
import os
import time
from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileSymlinkLock

from tatl_search.search.journal import GRACE_S, open_journal


def add_trial(journal: Path) -> int:
    study = optuna.create_study(
        storage=open_journal(journal), study_name="test", load_if_exists=True
    )
    study.add_trial(optuna.trial.create_trial(value=0.5))
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
