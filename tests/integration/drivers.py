"""Real drivers in processes of their own, watched and killed from outside.

Ray leaves all of a driver's processes in the driver's session, so that its number tells whose
they are: what a test finds and ends is its own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml

COMMAND = str(Path(sys.executable).with_name("tatl-search"))

WORKER = "ray::ImplicitFunc"
"""What Ray calls a process that runs a trial."""

RAYLET = "raylet/raylet"

AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent", "default_worker.py", "ray::IDLE")
"""What outlives a killed raylet for up to two minutes; it holds none of our files or locks."""


def faulty_space(trials: int = 3, **sections: Mapping[str, Any]) -> dict[str, Any]:
    """Return a search space of small, real training: a random network, half a second a round."""
    space: dict[str, Any] = {
        "sweep": {"trials": trials, "startup_trials": 2, "collapse_accuracy": 0.0},
        "wandb": {"mode": "disabled"},
        "data": {"image_size": 32, "per_class": 10},
        "network": {"name": "timm/test_efficientnet", "weights": "random"},
        "finetune": {"batch_size": 20},
        "prune": {"threshold": {"low": 0.5, "high": 0.9}, "rate": 0.2},
        "retrain": {"epochs": 2, "batch_size": 20},
        "stop": {"max_rounds": 3},
    }
    return space | {name: {**space.get(name, {}), **given} for name, given in sections.items()}


class Process(NamedTuple):
    """A living process, as /proc shows it."""

    pid: int
    session: int
    command: str


class Driver:
    """One `tatl-search` process and everything that it started."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str] | None = None,
        within: Sequence[str] = (),
    ) -> None:
        """Start it.

        Args:
            arguments: of the command.
            log: gets all that it prints.
            env: variables besides those of this process.
            within: command that runs a command elsewhere, such as in another network.
        """
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*within, COMMAND, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    @classmethod
    def sweep(
        cls,
        folder: Path,
        space: Mapping[str, Any],
        *options: str,
        env: Mapping[str, str] | None = None,
        within: Sequence[str] = (),
    ) -> "Driver":
        """Start a new sweep in this folder; its log lies beside it."""
        file = folder.with_suffix(".yaml")
        file.write_text(yaml.safe_dump(dict(space)))
        named = ["--storage", str(folder.parent), "--name", folder.name]
        return cls(["sweep", file, *named, *options], folder.with_suffix(".log"), env, within)

    @classmethod
    def resume(
        cls,
        folder: Path,
        *options: str,
        env: Mapping[str, str] | None = None,
        within: Sequence[str] = (),
    ) -> "Driver":
        """Go on with the sweep in this folder."""
        return cls(["resume", folder, *options], folder.with_suffix(".resumed.log"), env, within)

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        kill_session(self._process.pid)
        self._process.wait()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text()

    @property
    def ended(self) -> bool:
        """Whether the driver itself has ended."""
        return self._process.poll() is not None

    def workers(self) -> list[int]:
        """Return the processes that run a trial."""
        return [p.pid for p in self._processes() if p.command.startswith(WORKER)]

    def leftovers(self) -> list[str]:
        """Return what still runs, agents that end by themselves left out."""
        commands = [process.command for process in self._processes()]
        return [command for command in commands if not any(agent in command for agent in AGENTS)]

    def _processes(self) -> list[Process]:
        return [process for process in running() if process.session == self._process.pid]

    def await_file(self, folder: Path, pattern: str, count: int = 1, within_s: float = 480) -> None:
        """Wait until so many files match in a folder."""
        self.wait(lambda: len(list(folder.glob(pattern))) >= count, within_s)

    def wait(self, until: Callable[[], bool], within_s: float = 480) -> None:
        """Wait until something holds; the driver must still run then."""
        deadline = time.monotonic() + within_s
        while not until():
            assert self._process.poll() is None, f"the driver ended:\n{self.output}"
            assert time.monotonic() < deadline, f"waited {within_s} s for nothing:\n{self.output}"
            time.sleep(0.05)

    def signal(self, number: signal.Signals) -> None:
        """Send the driver, and nothing else, a signal."""
        self._process.send_signal(number)

    def ctrl_c(self) -> None:
        """Send what a terminal sends: to the driver, Ray and the workers alike."""
        os.killpg(self._process.pid, signal.SIGINT)

    def kill_ray(self) -> bool:
        """Kill the process through which Ray runs anything here; return whether there was one."""
        found = [p.pid for p in self._processes() if RAYLET in p.command.partition(" ")[0]]
        for raylet in found:
            _kill(raylet)
        return bool(found)

    def end(self, within_s: float = 480) -> int:
        """Wait for the driver and all its processes to end; return its exit code."""
        code = self._process.wait(within_s)
        deadline = time.monotonic() + 180
        while left := self.leftovers():
            assert time.monotonic() < deadline, f"left behind: {left}"
            time.sleep(0.1)
        return code


def kill_worker(pid: int) -> bool:
    """Kill a process if it still runs a trial; return whether it did."""
    found = any(p.pid == pid and p.command.startswith(WORKER) for p in running())
    if found:
        _kill(pid)
    return found


def kill_session(session: int) -> None:
    """Kill all processes of a session that the caller has started."""
    while left := [process.pid for process in running() if process.session == session]:
        for pid in left:
            _kill(pid)
        time.sleep(0.1)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it may be quicker
        os.kill(pid, signal.SIGKILL)


def running() -> list[Process]:
    """Return every living process of this machine."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            command = (
                (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.append(Process(int(folder.name), int(session), command))
    return found
