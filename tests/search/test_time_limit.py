"""A process that exceeds its time is ended, also where Python itself is stuck."""

import subprocess
import sys

import pytest

STUCK = {
    "asleep": "time.sleep(60)",
    "holding the interpreter": "re.fullmatch('(a+)+b', 'a' * 60)",
}


def python(minutes: str, body: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import re, time\n"
        "from tatl_search.search.time_limit import time_limit\n"
        f"with time_limit({minutes}):\n    {body}\n"
        "time.sleep(0.2)\nprint('done')"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("body", STUCK.values(), ids=STUCK.keys())
def test_what_takes_too_long_ends_the_process(body: str) -> None:
    ended = python("0.005", body)
    assert ended.returncode == 1
    assert "done" not in ended.stdout
    assert "Timeout" in ended.stderr


@pytest.mark.parametrize("minutes", ["0.002", "None"])
def test_what_is_done_in_time_goes_on(minutes: str) -> None:
    ended = python(minutes, "pass")
    assert (ended.returncode, ended.stdout) == (0, "done\n")
