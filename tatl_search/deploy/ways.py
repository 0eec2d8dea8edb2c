"""In which ways networks are run when their latency is measured."""

import itertools
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

from tatl_search.deploy.stopwatch import Timing
from tatl_search.errors import InputError
from tatl_search.records import LatencyRecord, Runtime


class DeviceType(StrEnum):
    """On what kind of device a network runs."""

    CPU = "cpu"
    CUDA = "cuda"


@dataclass(frozen=True)
class Way:
    """One way to run a network.

    Attributes:
        runtime: what runs it.
        device: on what kind of device.
        batch: images of one pass.
        threads: of the CPU.
    """

    runtime: Runtime
    device: DeviceType
    batch: int
    threads: int


@dataclass(frozen=True)
class LatencyRequest:
    """Ways to run networks: each runtime with each batch.

    Attributes:
        device: on what kind of device.
        runtimes: what runs them.
        batches: images of one pass.
        threads: of the CPU; no more than this machine has CPUs.

    Raises:
        InputError: nothing is asked for, or a number is too small or too large.
    """

    device: DeviceType = DeviceType.CPU
    runtimes: tuple[Runtime, ...] = tuple(Runtime)
    batches: tuple[int, ...] = (1, 32)
    threads: int = 1

    def __post_init__(self) -> None:
        if not self.runtimes or not self.batches:
            raise InputError("name at least one runtime and one batch size")
        if min(*self.batches, self.threads) < 1:
            raise InputError("batch sizes and threads must be at least 1")
        cpus = os.cpu_count() or 1
        if self.threads > cpus:
            raise InputError(
                f"threads must be at most {cpus}, the CPUs of this machine (got {self.threads})"
            )

    def ways(self) -> Iterator[Way]:
        """Yield every way that is asked for."""
        for runtime, batch in itertools.product(self.runtimes, self.batches):
            yield Way(runtime, self.device, batch, self.threads)


@dataclass(frozen=True)
class Machine:
    """On what is measured.

    Attributes:
        device: name of the CPU or GPU.
        versions: of each runtime that is asked for.
    """

    device: str
    versions: dict[Runtime, str]


@dataclass(frozen=True)
class Network:
    """Which network is measured.

    Attributes:
        sweep: name of the sweep that found it.
        label: for people: the candidate's.
        stage: key of the stage that holds it.
        image_size: side of its square input in pixels.
    """

    sweep: str
    label: str
    stage: str
    image_size: int


def latency_record(network: Network, way: Way, machine: Machine, timing: Timing) -> LatencyRecord:
    """Return the row of a measurement."""
    return LatencyRecord(
        **asdict(network),
        device=machine.device,
        runtime=way.runtime,
        version=machine.versions[way.runtime],
        batch=way.batch,
        threads=way.threads if way.device is DeviceType.CPU else None,
        **asdict(timing),
        platform=f"{platform.system()} {platform.machine()}",
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def is_measured(network: Network, way: Way, machine: Machine, stored: LatencyRecord) -> bool:
    """Whether a stored row is of this network, run in this way, on this machine."""
    threads = way.threads if way.device is DeviceType.CPU else None
    asked = (network.stage, machine.device, machine.versions[way.runtime], way.runtime, way.batch)
    held = (stored.stage, stored.device, stored.version, stored.runtime, stored.batch)
    return (*asked, threads) == (*held, stored.threads)
