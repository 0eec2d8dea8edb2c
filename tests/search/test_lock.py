"""One driver at a time holds a sweep, and a dead one does not."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.search.lock import is_driven, only_driver

HOLD = """
import sys, time
from pathlib import Path
from tatl_search.manifest import SweepFolder
from tatl_search.search.lock import only_driver
with only_driver(SweepFolder(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start another process that holds the sweep."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_driver_is_refused(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    folder = SweepFolder(tmp_path)
    assert is_driven(folder)
    with pytest.raises(InputError, match="another driver is running"), only_driver(folder):
        raise AssertionError("two drivers")


def test_a_killed_driver_holds_nothing(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    folder = SweepFolder(tmp_path)
    assert not is_driven(folder)
    with only_driver(folder):
        assert is_driven(folder)
    assert not is_driven(folder)


def test_a_driver_that_fails_lets_go(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    with pytest.raises(KeyError), only_driver(folder):
        raise KeyError
    assert not is_driven(folder)


def test_who_only_asks_leaves_no_trace_and_refuses_nobody(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    assert not is_driven(folder)
    assert not list(tmp_path.iterdir())

    asked = threading.Event()

    def ask() -> None:
        with only_driver(folder):  # as `is_driven` does, for a moment
            asked.set()
            time.sleep(0.2)

    asker = threading.Thread(target=ask)
    asker.start()
    assert asked.wait(10)
    with only_driver(folder):
        asker.join()
