"""The command as it is installed: exit codes, pipes and an interrupt."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import SETTINGS

COMMAND = Path(sys.executable).with_name("tatl-search")


@pytest.mark.parametrize(
    "words", [("front", "--all", "--json"), ("front",), ("pick", "--json"), ("status",)]
)
def test_a_closed_pipe_is_no_failure_to_report(adapted: Path, words: tuple[str, ...]) -> None:
    verb, *options = words
    process = subprocess.Popen(
        [COMMAND, verb, adapted, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()  # as `| head` does
    _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 1)
    assert b"Traceback" not in said
    assert b"Broken pipe" not in said


def test_an_interrupted_run_says_so_and_is_shown(tmp_path: Path) -> None:
    settings = {**SETTINGS, "stop": {"max_rounds": 50}}
    (tmp_path / "run.json").write_text(json.dumps(settings))  # JSON is YAML
    process = subprocess.Popen(
        [COMMAND, "adapt", "run.json", "--name", "a"], cwd=tmp_path, stderr=subprocess.PIPE
    )
    rows = tmp_path / "sweeps/a/candidates"
    waited = time.monotonic()
    while not list(rows.glob("*round-01.parquet")):
        assert process.poll() is None
        assert time.monotonic() - waited < 120
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"interrupted; go on with: tatl-search resume sweeps/a" in said
    assert b"Traceback" not in said
    found = subprocess.run(
        [COMMAND, "front", "sweeps/a", "--all", "--json"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    assert len(json.loads(found.stdout)["candidates"]) >= 2


def test_what_the_system_refuses_is_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "status", "x" * 300], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("tatl-search: ")
    assert "File name too long" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("status", "s3://me:sEcReT@bucket/sweeps/a"),
        ("validate", "run.json", "--set", "data.path=s3://me:sEcReT@bucket/a.arrow"),
        ("data", "info", "s3://bucket/a.arrow?secret_key=sEcReT"),
    ],
)
def test_credentials_in_an_address_are_not_repeated(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(SETTINGS))
    done = subprocess.run([COMMAND, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "s3://" in done.stderr
    assert "sEcReT" not in done.stdout + done.stderr
