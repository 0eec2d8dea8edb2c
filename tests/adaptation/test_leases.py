"""A stage in use is held by a lock that dies with its holder."""

import multiprocessing
import os
import signal
from pathlib import Path

from tatl_search.adaptation.leases import Leases, lease_file, unless_in_use


def is_free(root: Path) -> bool:
    with unless_in_use(root, "k") as free:
        return free


def test_held_until_the_holder_is_let_go_of(tmp_path: Path) -> None:
    one, two = Leases(tmp_path), Leases(tmp_path)
    assert is_free(tmp_path)
    one.hold("k")
    two.hold("k")
    one.hold("k")
    assert not is_free(tmp_path)
    del one
    assert not is_free(tmp_path)
    del two
    assert is_free(tmp_path)


def test_holding_again_says_when_it_was_last_used(tmp_path: Path) -> None:
    leases = Leases(tmp_path)
    leases.hold("k")
    os.utime(lease_file(tmp_path, "k"), (1, 1))
    leases.hold("k")
    assert lease_file(tmp_path, "k").stat().st_mtime > 1


def _hold_and_wait(root: Path, ready: str) -> None:
    leases = Leases(root)
    leases.hold("k")
    (root / ready).touch()
    signal.pause()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    holder = multiprocessing.get_context("fork").Process(
        target=_hold_and_wait, args=(tmp_path, "ready")
    )
    holder.start()
    while not (tmp_path / "ready").exists():
        assert holder.is_alive()
    assert not is_free(tmp_path)
    holder.kill()
    holder.join()
    assert is_free(tmp_path)
