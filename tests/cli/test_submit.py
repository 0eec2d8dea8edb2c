"""A sweep sent to a real Ray cluster: a head without CPUs and one worker node, token auth on."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tatl_search.results.store import load_sweep
from tests.cli.conftest import Tatl
from tests.integration.audit import audit
from tests.integration.drivers import Driver, faulty_space, kill_session
from tests.own_networks import code_beside

BIN = Path(sys.executable).parent
PLANTED = {
    "WANDB_API_KEY": secrets.token_hex(20),
    "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20),
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}
"""Secrets that no file of a sweep may hold."""

AGENT = "--dashboard-agent-listen-port"
"""What takes jobs on a node: each of this machine needs a port of its own, other tests' Ray too."""

PATIENCE = 4
"""Attempts to start a head: Ray gives each half a minute, too little on a busy machine."""


class Head(NamedTuple):
    """A running cluster."""

    url: str
    env: dict[str, str]


@pytest.fixture
def cluster() -> Iterator[Head]:
    """Run a cluster as people start it, with its tools on the PATH and secrets planted."""
    gcs, dashboard, *agents = free_ports(4)
    folder = Path(tempfile.mkdtemp(prefix="tatl-"))  # short: Ray puts sockets into it
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": PLANTED["RAY_AUTH_TOKEN"]}
    env = {
        **os.environ, **PLANTED, **token, "OMP_NUM_THREADS": "1",
        "PATH": f"{BIN}:{os.environ['PATH']}", "RAY_agent_register_timeout_ms": "600000",
    }  # fmt: skip
    here = ["--node-ip-address=127.0.0.1", "--block", "--disable-usage-stats"]
    head = ["--head", f"--port={gcs}", "--num-cpus=0", f"--temp-dir={folder / 'head'}"]
    shown = ["--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"]
    shown.append(f"{AGENT}={agents[0]}")
    url = f"http://127.0.0.1:{dashboard}"
    started: list[subprocess.Popen[bytes]] = []
    try:
        while not started or not answers(url, started[-1]):
            assert len(started) < PATIENCE, "Ray did not start"
            started.append(start_ray([*head, *shown, *here], env))
        # In a folder of its own: it would unpack the code again where the head runs the job.
        joins = [f"--address=127.0.0.1:{gcs}", "--num-cpus=1", f"--temp-dir={folder / 'node'}"]
        started.append(start_ray([*joins, f"{AGENT}={agents[1]}", *here], env))
        yield Head(url, token)
    finally:
        for process in reversed(started):
            kill_session(process.pid)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def start_ray(options: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [BIN / "ray", "start", *options],
        env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for free in sockets:
        free.bind(("127.0.0.1", 0))
    ports: list[int] = [free.getsockname()[1] for free in sockets]
    for free in sockets:
        free.close()
    return ports


def answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait for the head to take jobs; return whether it does before it gives up."""
    request = urllib.request.Request(
        f"{url}/api/jobs/", headers={"Authorization": f"Bearer {PLANTED['RAY_AUTH_TOKEN']}"}
    )
    while process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(request):
            return True
        time.sleep(0.2)
    return False


def found_in(folder: Path) -> list[str]:
    """Return the files of a folder, with the name of the secret, in which one is found."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [
        f"{path}: {name}"
        for path in files
        for name, value in PLANTED.items()
        if value.encode() in path.read_bytes()
    ]


def test_a_sweep_is_submitted_and_followed(cluster: Head, tmp_path: Path) -> None:
    """Also: the head has no CPUs, settings lie over a base, and secrets stay out of files.

    The network is one of the user's own, whose code only the sender has.
    """
    small: dict[str, Any] = {
        "retrain": {"epochs": 1},
        "stop": {"max_rounds": 1},
        "wandb": {"mode": "offline"},
        "network": {"name": "python/my_package.networks:small_cnn", "weights": None},
    }
    env = {**cluster.env, "PYTHONPATH": code_beside(tmp_path / "mine")}
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(faulty_space(trials=1, **small)))
    (tmp_path / "task.yaml").write_text("base: base.yaml\n")
    shared = tmp_path / "shared"
    words: list[str | Path] = [
        "submit",
        tmp_path / "task.yaml",
        "--address",
        cluster.url,
        "--storage",
        shared,
    ]
    with Driver([*words, "--set", "seed=5"], tmp_path / "first.log", env) as first:
        assert first.end() == 0, first.output
    folder = shared / "task"
    assert "files of code" in first.output
    assert "trial 0 round 1: accuracy" in first.output
    assert "next: tatl-search pick" in first.output  # what the sweep prints below its front
    assert audit(folder).faults == ()
    row = load_sweep(folder).candidates[0]
    assert '"seed":5' in row.settings.replace(" ", "")
    assert row.network == "python/my_package.networks:small_cnn"
    assert found_in(folder) == []
    assert not [secret for secret in PLANTED.values() if secret in first.output]


@pytest.mark.soak
def test_ctrl_c_leaves_it_running_and_the_same_command_follows_it(
    cluster: Head, tmp_path: Path
) -> None:
    space = tmp_path / "task.yaml"
    space.write_text(yaml.safe_dump(faulty_space(trials=4)))
    shared = tmp_path / "shared"
    words: list[str | Path] = ["submit", space, "--address", cluster.url, "--storage", shared]
    with Driver(words, tmp_path / "first.log", cluster.env) as first:
        first.await_file(shared / "task" / "candidates", "*.parquet")
        first.signal(signal.SIGINT)
        assert first.end() == 130
    assert "it runs on; look again: ray job logs --follow task-" in first.output
    with Driver(words, tmp_path / "again.log", cluster.env) as again:
        assert again.end() == 0, again.output
    assert "sending" not in again.output
    assert audit(shared / "task").faults == ()
    with Driver(words, tmp_path / "ended.log", cluster.env) as ended:
        assert ended.end() == 0, ended.output
    assert "exists already" not in ended.output
    assert audit(shared / "task").faults == ()


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "task.yaml"
    path.write_text(yaml.safe_dump(faulty_space()))
    return path


def test_what_is_refused_before_anything_is_sent(space: Path, tatl: Tatl) -> None:
    url = f"http://me:hunter2@127.0.0.1:{free_ports(1)[0]}"
    for address, storage, code, said in (
        (url, "sweeps", 2, "--storage 'sweeps' should be a whole path"),
        ("auto", "/shared", 2, "should be the URL of the cluster's dashboard"),
        (url, "s3://me:hunter2@bucket/sweeps", 2, "holds credentials"),
        (url, "/shared", 1, "no Ray cluster at http://***@127.0.0.1"),
    ):
        ended = tatl("submit", space, "--address", address, "--storage", storage)
        assert (ended.code, ended.out) == (code, "")
        assert said in ended.err
        assert "hunter2" not in ended.err


def test_a_fault_in_the_settings_is_found_here(space: Path, tatl: Tatl) -> None:
    words = ("--address", "http://127.0.0.1:1", "--storage", "/shared")
    ended = tatl("submit", space, *words, "--set", "prune.rate=2")
    assert ended.code == 2
    assert "prune.rate" in ended.err
