"""A sweep over two nodes: two raylets on this machine, started as people start them."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.integration.audit import audit
from tests.integration.drivers import WORKER, Driver, faulty_space, kill_session, running

RAY = str(Path(sys.executable).with_name("ray"))


@contextmanager
def node(env: dict[str, str], *options: str) -> Iterator[int]:
    """Run one node with one CPU in the foreground; give the pid of its raylet."""
    process = subprocess.Popen(
        [RAY, "start", *options, "--num-cpus=1", "--block", "--disable-usage-stats"],
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
    finally:
        kill_session(process.pid)
        process.wait()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short name: Ray puts sockets into it, whose paths may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="tatl-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_both_nodes_run_trials(short_folder: Path, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    env = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    port = address.rpartition(":")[2]
    head = ["--head", "--node-ip-address=127.0.0.1", f"--port={port}", "--include-dashboard=false"]
    folder = tmp_path / "spread"
    with ExitStack() as stack:
        nodes = {
            stack.enter_context(node(env, *head, f"--temp-dir={short_folder}")),
            stack.enter_context(node(env, f"--address={address}", "--node-ip-address=127.0.0.1")),
        }
        driver = stack.enter_context(
            Driver.sweep(folder, faulty_space(trials=12), "--address", address, env=env)
        )
        seen: set[int] = set()

        def both_work() -> bool:
            busy = (p.session for p in running() if p.command.startswith(WORKER))
            seen.update(nodes.intersection(busy))
            return seen == nodes

        driver.wait(both_work)
        assert driver.end() == 0, driver.output
    assert audit(folder).faults == ()
    assert not [p for p in running() if p.session in nodes]
