"""Sweeps over nodes that join late: raylets here, started by hand or by an autoscaler."""

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
import yaml

from tests.integration.audit import audit
from tests.integration.drivers import RAYLET, WORKER, Driver, faulty_space, kill_session, running
from tests.integration.nodes import wait_for
from tests.own_networks import code_beside

RAY = str(Path(sys.executable).with_name("ray"))

HERE = "--node-ip-address=127.0.0.1"

COMMANDS = (
    "initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands",
    "head_start_ray_commands", "worker_start_ray_commands",
)  # fmt: skip
"""What Ray's autoscaler wants to find in its settings; the nodes of this machine need none."""


@contextmanager
def node(env: dict[str, str], log: Path, *options: str) -> Iterator[int]:
    """Run one node in the foreground; give the session of its processes."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [RAY, "start", HERE, *options, "--block", "--disable-usage-stats"],
            env={**os.environ, **env},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(lambda: "Ray runtime started" in log.read_text(), str(log))
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


@pytest.fixture
def env() -> dict[str, str]:
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


@pytest.fixture
def address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def as_head(address: str, folder: Path) -> list[str]:
    port = address.rpartition(":")[2]
    options = ["--head", f"--port={port}", "--include-dashboard=false", "--num-cpus=0"]
    return [*options, f"--temp-dir={folder}"]


def test_both_nodes_run_trials(
    short_folder: Path, tmp_path: Path, env: dict[str, str], address: str
) -> None:
    """At the launch there is none yet, and only the driver has the network's code."""
    folder = tmp_path / "spread"
    own = {"name": "python/my_package.networks:small_cnn", "weights": None}
    with_code = {**env, "PYTHONPATH": code_beside(tmp_path / "mine")}
    worker = (f"--address={address}", "--num-cpus=1")
    with ExitStack() as stack:
        log = short_folder / "log"
        head = stack.enter_context(node(env, log, *as_head(address, short_folder)))
        driver = stack.enter_context(
            Driver.sweep(
                folder, faulty_space(trials=12, network=own), "--address", address, env=with_code
            )
        )
        driver.wait(lambda: "the largest node has 0 CPUs" in driver.output)
        logs = [tmp_path / "first.log", tmp_path / "second.log"]
        nodes = {stack.enter_context(node(env, log, *worker)) for log in logs}
        seen: set[int] = set()

        def both_work() -> bool:
            busy = (p.session for p in running() if p.command.startswith(WORKER))
            seen.update(nodes.intersection(busy))
            return seen == nodes

        driver.wait(both_work)
        assert driver.end() == 0, driver.output
    assert audit(folder).faults == ()
    assert not [p for p in running() if p.session in {head, *nodes}]


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_a_cluster_grows_for_a_sweep_and_shrinks_after_it(
    short_folder: Path, tmp_path: Path, env: dict[str, str], address: str
) -> None:
    """Ray's own autoscaler, whose provider starts nodes on this machine: two, and not at once."""
    config = short_folder / "cluster.yaml"
    worker = {"resources": {"CPU": 1}, "node_config": {}, "min_workers": 0, "max_workers": 2}
    config.write_text(
        yaml.safe_dump(
            {
                "cluster_name": "growing",
                "max_workers": 2,
                "idle_timeout_minutes": 0.2,
                "provider": {
                    "type": "fake_multinode",
                    "gcs_address": address,
                    "disable_node_updaters": True,
                    "use_node_id_as_ip": True,
                },
                "auth": {},
                "file_mounts": {},
                "cluster_synced_files": [],
                "upscaling_speed": 1,
                **{key: [] for key in COMMANDS},
                "head_node_type": "ray.head.default",
                "available_node_types": {
                    "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}},
                    "worker": worker,
                },
            }
        )
    )
    env |= {"AUTOSCALER_UPDATE_INTERVAL_S": "1", "RAY_FAKE_CLUSTER": "1"}
    folder, options = tmp_path / "grown", as_head(address, short_folder)
    with node(env, tmp_path / "log", *options, f"--autoscaling-config={config}") as session:

        def workers() -> int:
            here = [p for p in running() if p.session == session]
            return sum(RAYLET in p.command.partition(" ")[0] for p in here) - 1

        assert workers() == 0
        long = faulty_space(trials=12, retrain={"epochs": 20})
        with Driver.sweep(folder, long, "--address", address, env=env) as driver:
            driver.wait(lambda: workers() == 2)
            assert driver.end() == 0, driver.output
        wait_for(lambda: workers() == 0, "its nodes stay")
    assert audit(folder).faults == ()
