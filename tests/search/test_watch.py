"""A process that exceeds its time or gets nowhere is ended, also where Python itself is stuck."""

import subprocess
import sys

import pytest

STUCK = {
    "asleep": "time.sleep(60)",
    "holding the interpreter": "re.fullmatch('(a+)+b', 'a' * 60)",
}


def python(limit: str, stalled: str, body: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import re, time\n"
        "from tatl_search.search.watch import watched\n"
        f"with watched({limit}, {stalled}) as alive:\n    {body}\n"
        "time.sleep(0.2)\nprint('done')"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("body", STUCK.values(), ids=STUCK.keys())
@pytest.mark.parametrize("minutes", [("0.005", "None"), ("None", "0.005")], ids=["limit", "stall"])
def test_what_takes_too_long_ends_the_process(minutes: tuple[str, str], body: str) -> None:
    ended = python(*minutes, body)
    assert ended.returncode == 1
    assert "done" not in ended.stdout
    assert "Timeout" in ended.stderr


@pytest.mark.parametrize(
    "minutes", [("0.002", "None"), ("None", "0.002"), ("None", "None"), ("1e300", "1e300")]
)
def test_what_is_done_in_time_goes_on(minutes: tuple[str, str]) -> None:
    ended = python(*minutes, "pass")
    assert (ended.returncode, ended.stdout) == (0, "done\n")


SIGNS = "[(time.sleep(0.2), alive()) for _ in range(25)]"
"""Five seconds, and a sign of life in each fifth of a second."""


def test_a_sign_of_life_keeps_what_is_slow() -> None:
    ended = python("None", "0.06", SIGNS)
    assert (ended.returncode, ended.stdout) == (0, "done\n")


def test_a_sign_of_life_does_not_put_off_the_limit() -> None:
    ended = python("0.02", "0.1", SIGNS)
    assert ended.returncode == 1
    assert "done" not in ended.stdout
