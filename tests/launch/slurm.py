"""A Slurm of one machine, with daemons, ports and folders of its own.

Debian's slurm-wlm and munge are enough; nothing of a Slurm that runs here already is touched.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch")

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmdPort={slurmd}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
CredType=cred/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
KillWait=30
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Return why Slurm cannot run here; empty if it can."""
    lacking = [name for name in DAEMONS if shutil.which(name, path=_path()) is None]
    if lacking:
        return f"{', '.join(lacking)} not installed (Debian: slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "slurmd wants root"


class Slurm(NamedTuple):
    """A running Slurm.

    Attributes:
        env: with which its commands find it.
    """

    env: Mapping[str, str]

    def run(self, *command: str | Path, env: Mapping[str, str] | None = None) -> str:
        """Run one of its commands and return what it prints."""
        done = subprocess.run(
            command, env={**self.env, **(env or {})}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def state(self, job: str) -> str:
        """Return how a job stands, such as RUNNING or COMPLETED."""
        words = self.run("scontrol", "show", "job", "--oneliner", job).split()
        return next(w.partition("=")[2] for w in words if w.startswith("JobState="))

    def wait(self, job: str) -> str:
        """Wait until a job has ended and its processes are gone; return its state."""
        while (state := self.state(job)) in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING"):
            time.sleep(0.5)
        return state


@contextmanager
def slurm(root: Path) -> Iterator[Slurm]:
    """Run a Slurm with one node, this machine, in a folder."""
    for name in ("state", "spool"):
        (root / name).mkdir()
    key = root / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    ctld, slurmd = _free_ports()
    host = socket.gethostname().partition(".")[0]
    conf = root / "slurm.conf"
    cpus = os.cpu_count() or 1
    conf.write_text(CONF.format(root=root, host=host, ctld=ctld, slurmd=slurmd, cpus=cpus))
    env = {**os.environ, "PATH": _path(), "SLURM_CONF": str(conf)}
    munge = [f"--{name}={root}/munge.{end}" for name, end in (
        ("socket", "socket"), ("key-file", "key"), ("pid-file", "pid"), ("log-file", "log"),
        ("seed-file", "seed"),
    )]  # fmt: skip
    started = []
    try:
        for command in (
            ["munged", "--foreground", "--force", *munge],
            ["slurmctld", "-D", "-c"],
            ["slurmd", "-D", "-c", "-N", host],
        ):
            quiet = subprocess.DEVNULL
            started.append(subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet))
            time.sleep(1)
        yield _ready(Slurm(env), root)
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()


def _ready(running: Slurm, root: Path) -> Slurm:
    for _ in range(240):
        done = subprocess.run(
            ["sinfo", "-h", "-o", "%T"], env=running.env, capture_output=True, text=True
        )
        if done.stdout.strip() == "idle":
            return running
        time.sleep(0.5)
    logs = "\n".join(path.read_text()[-2000:] for path in sorted(root.glob("*.log")))
    raise AssertionError(f"Slurm did not start: {done.stdout}{done.stderr}\n{logs}")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"
