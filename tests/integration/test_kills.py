"""Seeded kills at random moments; the table that `make soak` prints is the summary."""

import random
import signal
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest
from optuna.trial import TrialState as Asked
from rich.console import Console
from rich.table import Table

from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, TrialRecord, TrialState
from tatl_search.results.front import front_of
from tatl_search.results.store import load_sweep
from tatl_search.search.searcher import MAX_ATTEMPTS
from tatl_search.tracking.reading import read_records
from tests.integration.audit import Audit, Snapshot, audit, snapshot, stored_trials
from tests.integration.drivers import Driver, faulty_space, kill_worker

TRIALS = 10
WITHIN_S = 900
"""How long anything may take on a busy machine."""


class Fault(StrEnum):
    """What is done to a running sweep."""

    WORKER = "worker killed"
    DRIVER = "driver killed"
    RAYLET = "raylet killed"
    CTRL_C = "ctrl-c"
    TERMINATED = "terminated"


KILLS = (Fault.WORKER, Fault.DRIVER, Fault.RAYLET)
SIGNALS = {
    Fault.DRIVER: signal.SIGKILL,
    Fault.CTRL_C: signal.SIGINT,
    Fault.TERMINATED: signal.SIGTERM,
}

MERGING = (
    sys.executable,
    "-c",
    "import sys; from tatl_search.cli import main; from tatl_search.tracking import merging;"
    " merging.BATCH = 3; sys.argv = sys.argv[1:]; main()",
)
"""What runs a command so that it merges rows sooner than there would be enough of them."""


@dataclass(frozen=True)
class Plan:
    """One row of the table.

    Attributes:
        name: of the row.
        faults: what is done, drawn at random.
        times: how many faults there are in all; sweeps are started until they were done.
        each: how many one sweep goes through at most.
        serial: whether one trial runs at a time, so that the outcome is known.
        merging: whether rows are merged from the first ended trial on.
    """

    name: str
    faults: tuple[Fault, ...]
    times: int
    each: int
    serial: bool = False
    merging: bool = False


PLANS = (
    Plan("worker killed", (Fault.WORKER,), times=18, each=9),
    Plan("driver killed", (Fault.DRIVER,), times=10, each=5),
    Plan("raylet killed", (Fault.RAYLET,), times=8, each=4),
    Plan("any of the three killed", KILLS, times=8, each=4),
    Plan("any of the three killed, serial", KILLS, times=8, each=4, serial=True),
    Plan("driver killed, rows merged", (Fault.DRIVER,), times=10, each=5, merging=True),
    Plan("ctrl-c or terminated", (Fault.CTRL_C, Fault.TERMINATED), times=4, each=4),
)

Figures = tuple[int | None, int, str, float, int]


@dataclass
class Survived:
    """What one sweep went through, and what that did to it.

    Attributes:
        faults: what was done.
        recovered_s: seconds from each fault until a new process ran a trial.
        before: what the folder held at each fault.
        found: what is wrong with the sweep now that it is complete.
        trials: how its trials ended.
        front: its networks.
    """

    faults: list[Fault] = field(default_factory=list)
    recovered_s: list[float] = field(default_factory=list)
    before: list[Snapshot] = field(default_factory=list)
    found: Audit = field(default_factory=lambda: Audit((), (), (), ()))
    trials: Sequence[TrialRecord] = ()
    front: Sequence[Figures] = ()


def space(serial: bool) -> dict[str, object]:
    sweep = {"promote": True, **({"max_concurrent": 1} if serial else {})}
    finish = {"epochs": 3, "pieces": {"low": 1, "high": 3}}
    return faulty_space(trials=TRIALS, sweep=sweep, retrain={"epochs": 6}, finish=finish)


def survive(folder: Path, plan: Plan, times: int, chance: random.Random) -> Survived:
    """Run a sweep to its end through so many faults at random moments, as far as it lasts."""
    story, begun = Survived(), time.time()
    folder.parent.mkdir()  # sweeps of one storage folder would take over each other's stages
    with ExitStack() as stack:
        within = MERGING if plan.merging else ()
        drivers = [stack.enter_context(Driver.sweep(folder, space(plan.serial), within=within))]
        await_start(drivers[-1], folder, begun)
        while len(story.faults) < times and not drivers[-1].ended:
            await_moment(drivers[-1], folder, chance)
            fault, at = chance.choice(plan.faults), snapshot(folder)
            known, struck = drivers[-1].workers(), time.time()
            if not strike(drivers[-1], fault, chance):
                continue
            story.faults.append(fault)
            story.before.append(at)
            if fault is not Fault.WORKER and drivers[-1].end(WITHIN_S) != 0:
                drivers.append(stack.enter_context(Driver.resume(folder, within=within)))
                await_start(drivers[-1], folder, struck)
            await_another(drivers[-1], known)
            story.recovered_s.append(time.time() - struck)
        assert drivers[-1].end(WITHIN_S) == 0, drivers[-1].output
    story.found = audit(folder, *story.before)
    story.trials = read_records(SweepFolder(folder).trials, TrialRecord)
    story.front = figures(folder)
    return story


def figures(folder: Path) -> list[Figures]:
    """Return a front's networks, with the keys of their stages: equal keys are equal bits."""
    front: Sequence[CandidateRecord] = front_of(load_sweep(folder)).distinct()
    return [(row.trial, row.round, row.stage, row.accuracy, row.macs) for row in front]


def await_start(driver: Driver, folder: Path, since: float) -> None:
    """Wait until a driver holds the sweep and has begun to work."""
    file = SweepFolder(folder).environment
    driver.wait(lambda: file.is_file() and file.stat().st_mtime > since, WITHIN_S)


def await_moment(driver: Driver, folder: Path, chance: random.Random) -> None:
    """Wait for a random moment, mostly while trials run, in which none is in its last attempt.

    A trial that loses its worker in its last attempt is given up, as it should be, and would be
    missing here.
    """
    among_trials, delay = chance.random() < 0.8, chance.uniform(0.0, 4.0)
    while among_trials and not driver.workers() and not driver.ended:
        time.sleep(0.05)
    time.sleep(delay)
    while not driver.ended and any(in_last_attempt(folder)):
        time.sleep(0.2)


def in_last_attempt(folder: Path) -> Iterator[bool]:
    if SweepFolder(folder).journal.exists():
        for trial in stored_trials(folder):
            running = trial.state is Asked.RUNNING
            yield running and trial.user_attrs.get("attempts", 0) >= MAX_ATTEMPTS


def strike(driver: Driver, fault: Fault, chance: random.Random) -> bool:
    """Do one fault; return whether there was something to do it to."""
    if driver.ended:
        return False
    if fault is Fault.RAYLET:
        return driver.kill_ray()
    if fault is Fault.WORKER:
        workers = driver.workers()
        return bool(workers) and kill_worker(chance.choice(workers))
    driver.signal(SIGNALS[fault])
    return True


def await_another(driver: Driver, known: Sequence[int]) -> None:
    """Wait until a process runs a trial that did not at the fault, or the sweep is done."""
    deadline = time.monotonic() + WITHIN_S
    while not driver.ended and set(driver.workers()) <= set(known):
        assert time.monotonic() < deadline, f"nobody goes on:\n{driver.output}"
        time.sleep(0.05)


def go_through(plan: Plan, storage: Path, seed: int) -> list[Survived]:
    """Run sweeps until all faults of a plan were done."""
    chance, survived, left = random.Random(seed), list[Survived](), plan.times
    while left > 0:
        folder = storage / f"{seed}-{len(survived)}" / "sweep"
        survived.append(survive(folder, plan, min(left, plan.each), chance))
        left -= len(survived[-1].faults)
    return survived


def new_table() -> Table:
    table = Table(title=f"Sweeps of {TRIALS} trials through faults at random moments, resumed")
    for column in (
        "fault", "times", "sweeps", "lost", "doubled", "zombies", "changed", "given up",
        "most attempts", "s to recover: median", "at most",
    ):  # fmt: skip
        table.add_column(column)
    return table


def row(plan: Plan, survived: Sequence[Survived]) -> list[str]:
    found = [one.found for one in survived]
    trials = [trial for one in survived for trial in one.trials]
    waits = [wait for one in survived for wait in one.recovered_s]
    counts = (
        sum(len(one.faults) for one in survived),
        len(survived),
        sum(len(one.lost) for one in found),
        sum(len(one.doubled) for one in found),
        sum(len(one.zombies) for one in found),
        sum(len(one.changed) for one in found),
        sum(trial.state is not TrialState.COMPLETE for trial in trials),
        max(trial.attempts for trial in trials),
    )
    return [plan.name, *map(str, counts), f"{statistics.median(waits):.1f}", f"{max(waits):.1f}"]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_random_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sum(p.times for p in PLANS if set(p.faults) <= set(KILLS)) >= 50
    table, told = new_table(), {}
    for seed, plan in enumerate(PLANS):
        told[plan] = go_through(plan, tmp_path, seed)
        table.add_row(*row(plan, told[plan]))
    with capsys.disabled():
        Console(width=160).print(table)
    undisturbed = undisturbed_front(tmp_path / "undisturbed")
    for plan, survived in told.items():
        for one in survived:
            assert one.found.faults == ()
            assert all(record.state is TrialState.COMPLETE for record in one.trials)
            assert not plan.serial or one.front == undisturbed


def undisturbed_front(storage: Path) -> list[Figures]:
    """Return the front of the serial sweep that nothing happens to."""
    storage.mkdir()
    with Driver.sweep(storage / "sweep", space(serial=True)) as driver:
        assert driver.end(WITHIN_S) == 0, driver.output
    return figures(storage / "sweep")
