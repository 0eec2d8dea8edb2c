"""A cluster of several machines on this one: each node has a network namespace of its own.

A bridge in one more namespace joins them, so that nothing of this machine's network is touched.
All of a node's processes are in the session of the `ray start` that began it.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.integration.drivers import WORKER, Driver, kill_session, running

RAY = str(Path(sys.executable).with_name("ray"))

PORT = 6379

PORTS = {
    "dashboard-agent-grpc-port": 52365,
    "dashboard-agent-listen-port": 52366,
    "metrics-export-port": 52367,
    "runtime-env-agent-port": 52368,
}
"""Known beforehand, so that a node does not give up where its agents are slow to choose theirs."""

STARTS = 3
"""How often a node may be started until it is there."""

HEALTH = {
    "RAY_health_check_initial_delay_ms": "5000",
    "RAY_health_check_period_ms": "2000",
    "RAY_health_check_timeout_ms": "8000",
    "RAY_health_check_failure_threshold": "4",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "60",
}
"""A node that is silent is dead after about forty seconds; on a busy machine all are slow."""

UNHURRIED = {
    "RAY_agent_register_timeout_ms": "600000",
    "RAY_worker_register_timeout_seconds": "600",
}
"""On a busy machine nodes take long to begin."""


@dataclass(frozen=True)
class Node:
    """One machine of the cluster.

    Attributes:
        number: of the node; the head's is 1.
        namespace: its network.
        address: its IP.
        process: what began it; its pid is the session of all its processes.
    """

    number: int
    namespace: str
    address: str
    process: subprocess.Popen[bytes]

    @property
    def runs(self) -> bool:
        """Whether Ray has not ended here."""
        return self.process.poll() is None

    def processes(self) -> list[int]:
        """Return all that runs on this node, Ray's own processes included."""
        return [p.pid for p in running() if p.session == self.process.pid]

    def works(self) -> bool:
        """Whether a trial runs here."""
        session = self.process.pid
        return any(p.session == session and p.command.startswith(WORKER) for p in running())

    def kill(self) -> None:
        """End all of it at once."""
        kill_session(self.process.pid)
        self.process.wait()

    def leave(self) -> None:
        """End it as `ray stop` does on a machine that is given back: it says goodbye."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(60)
        self.kill()

    def freeze(self) -> None:
        """Stop all of it, as a machine that swaps or is moved elsewhere stands still."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all of it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)


class Cluster:
    """Nodes that join and leave; the first one, without CPUs for trials, is the head."""

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._prefix = f"tatl{os.getpid()}"
        self._env = {
            **HEALTH,
            **UNHURRIED,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "OMP_NUM_THREADS": "1",
        }
        self._hub = f"{self._prefix}-hub"
        # Ray looks for others at its address all over the machine, whatever their network.
        self._network = f"10.77.{os.getpid() % 255}"
        self._nodes: list[Node] = []
        self._numbers = count(2)
        self._namespaces = [self._hub]
        _ip("netns", "add", self._hub)
        _ip("-n", self._hub, "link", "add", "bridge", "up", "type", "bridge")

    @property
    def head(self) -> Node:
        """The node that the others joined, where drivers run."""
        return next(node for node in self._nodes if node.number == 1)

    def workers(self) -> list[Node]:
        """Return the living nodes that run trials."""
        return [n for n in self._nodes if n.number != 1 and n.runs]

    def begin_head(self) -> None:
        """Begin the cluster, or begin it anew at the same address; it remembers nothing."""
        self._nodes = [node for node in self._nodes if node.number != 1]
        self._begin(1, [])

    @property
    def address(self) -> str:
        """Where the head listens."""
        return f"{self._network}.1:{PORT}"

    def add(self, before: Sequence[str] = ()) -> Node:
        """Let one more node with one CPU join.

        Args:
            before: command in front of Ray's own, such as one that changes what it sees.
        """
        return self._begin(next(self._numbers), before)

    def cut(self, node: Node) -> None:
        """Take a node off the network: nobody is told, packets just end."""
        _ip("-n", self._hub, "link", "set", f"port{node.number}", "down")

    def mend(self, node: Node) -> None:
        """Give a node its network back."""
        _ip("-n", self._hub, "link", "set", f"port{node.number}", "up")

    def sweep(self, folder: Path, space: Mapping[str, Any]) -> Driver:
        """Start a sweep from the head's side."""
        options, within = ["--address", self.address], _inside(self.head.namespace)
        return Driver.sweep(folder, space, *options, env=self._env, within=within)

    def resume(self, folder: Path) -> Driver:
        """Go on with a sweep from the head's side."""
        options, within = ["--address", self.address], _inside(self.head.namespace)
        return Driver.resume(folder, *options, env=self._env, within=within)

    def _begin(self, number: int, before: Sequence[str]) -> Node:
        namespace, address = f"{self._prefix}-{number}", f"{self._network}.{number}"
        if namespace not in self._namespaces:
            self._connect(namespace, address, f"port{number}")
        role = ["--head", f"--port={PORT}", "--num-cpus=0", "--include-dashboard=false"]
        role.append("--no-monitor")
        options = [
            *(role if number == 1 else [f"--address={self.address}", "--num-cpus=1"]),
            f"--node-ip-address={address}",
            f"--temp-dir={self._temporary / str(number)}",
            *(f"--{name}={port}" for name, port in PORTS.items()),
            "--object-store-memory=80000000",
            "--include-log-monitor=false",
            "--block",
            "--disable-usage-stats",
        ]
        for _ in range(STARTS):
            node = self._start(number, namespace, [*before, RAY, "start", *options])
            if node is not None:
                return node
        raise AssertionError((self._temporary / f"{number}.log").read_text())

    def _start(self, number: int, namespace: str, command: Sequence[str]) -> Node | None:
        """Start a node; null where it gave up: on a busy machine half a minute is too short."""
        log = self._temporary / f"{number}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*_inside(namespace), *command],
                env={**os.environ, **self._env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        node = Node(number, namespace, f"{self._network}.{number}", process)
        self._nodes.append(node)
        wait_for(
            lambda: "Ray runtime started" in log.read_text() or process.poll() is not None, str(log)
        )
        if node.runs:
            return node
        node.kill()
        self._nodes.remove(node)
        return None

    def _connect(self, namespace: str, address: str, port: str) -> None:
        self._namespaces.append(namespace)
        _ip("netns", "add", namespace)
        ends = ["eth0", "netns", namespace, "type", "veth", "peer", "name", port]
        _ip("link", "add", *ends, "netns", self._hub)
        _ip("-n", self._hub, "link", "set", port, "master", "bridge", "up")
        _ip("-n", namespace, "address", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", namespace, "link", "set", device, "up")

    def end(self) -> None:
        """End all nodes and take their network away."""
        for node in self._nodes:
            node.kill()
        for namespace in self._namespaces:
            _ip("netns", "delete", namespace)


def wait_for(until: Any, what: str, within_s: float = 480) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within_s
    while not until():
        assert time.monotonic() < deadline, f"waited {within_s} s: {what}"
        time.sleep(0.1)


def missing() -> str:
    """Return what this machine lacks for a cluster of namespaces; empty where it lacks nothing."""
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    name = f"tatl{os.getpid()}-try"
    try:
        _ip("netns", "add", name)
        _ip("-n", name, "link", "add", "bridge", "type", "bridge")
    except subprocess.CalledProcessError as error:
        return f"no network namespaces: {error.stderr.strip()}"
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
    return ""


@contextmanager
def cluster_of(workers: int) -> Iterator[tuple[Cluster, list[Node]]]:
    """Run a head without CPUs and so many workers with one CPU each."""
    # A short name: Ray puts sockets into it, whose paths may have 107 bytes.
    temporary = Path(tempfile.mkdtemp(prefix="tatl-"))
    cluster = Cluster(temporary)
    try:
        cluster.begin_head()
        with ThreadPoolExecutor() as threads:
            nodes = list(threads.map(lambda _: cluster.add(), range(workers)))
        yield cluster, nodes
    finally:
        cluster.end()
        shutil.rmtree(temporary, ignore_errors=True)


def _inside(namespace: str) -> list[str]:
    return ["ip", "netns", "exec", namespace]


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    return done.stdout
