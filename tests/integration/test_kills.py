"""Seeded kills at random moments; the table that `make soak` prints is the summary."""

import random
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tatl_search.manifest import SweepFolder
from tatl_search.records import TrialRecord, TrialState
from tatl_search.tracking.parquet import read_records
from tests.integration.audit import Audit, Snapshot, audit, snapshot
from tests.integration.drivers import Driver, faulty_space, kill_worker

SWEEPS, FAULTS_EACH = 12, 2  # three faults could hit one trial thrice, which is then given up
LEAST_FAULTS = 20
SIGNALS = {
    "driver killed": signal.SIGKILL,
    "ctrl-c": signal.SIGINT,
    "terminated": signal.SIGTERM,
}
FAULTS = ("worker killed", "driver killed", "worker killed", "driver killed", *SIGNALS)


@dataclass(frozen=True)
class Survived:
    """What one sweep went through, and what that did to it."""

    faults: Sequence[str]
    found: Audit
    records: Sequence[TrialRecord]
    seconds: float


def survive(folder: Path, seed: int) -> Survived:
    """Run a sweep to its end through faults at random moments."""
    chance, begun = random.Random(seed), time.time()
    faults: list[str] = []
    before: list[Snapshot] = []
    with ExitStack() as stack:
        space = faulty_space(trials=8, retrain={"epochs": 6})
        driver = stack.enter_context(Driver.sweep(folder, space))
        await_start(driver, folder, begun)
        for _ in range(FAULTS_EACH):
            fault, moment = chance.choice(FAULTS), random_moment(driver, chance)
            if driver.ended or not strike(driver, fault, chance):
                continue
            faults.append(f"{fault} {moment}")
            if fault in SIGNALS:
                before.append(snapshot(folder))
                resumed = time.time()
                driver = stack.enter_context(Driver.resume(folder))
                await_start(driver, folder, resumed)
        assert driver.end() == 0, driver.output
    return Survived(
        faults=faults,
        found=audit(folder, *before),
        records=read_records(SweepFolder(folder).trials, TrialRecord),
        seconds=time.time() - begun,
    )


def await_start(driver: Driver, folder: Path, since: float) -> None:
    """Wait until a driver holds the sweep and has begun to work."""
    file = SweepFolder(folder).environment
    driver.wait(lambda: file.is_file() and file.stat().st_mtime > since)


def random_moment(driver: Driver, chance: random.Random) -> str:
    """Wait for a random moment, mostly while trials run; return when that was."""
    among_trials, delay = chance.random() < 0.8, chance.uniform(0.0, 6.0)
    while among_trials and not driver.workers() and not driver.ended:
        time.sleep(0.05)
    time.sleep(delay)
    return f"{delay:.1f} s after {'trials began' if among_trials else 'the start'}"


def strike(driver: Driver, fault: str, chance: random.Random) -> bool:
    """Do one fault; return whether there was still something to do it to."""
    if fault in SIGNALS:
        driver.signal(SIGNALS[fault])
        driver.end()
        return True
    while not driver.ended:
        if workers := driver.workers():
            return kill_worker(chance.choice(workers))
        time.sleep(0.05)
    return False


def table(survived: Sequence[Survived]) -> Table:
    shown = Table(title="Sweeps of 8 trials, 24 rounds, through faults at random moments")
    for column in ("sweep", "faults", "lost", "doubled", "zombies", "changed", "attempts", "s"):
        shown.add_column(column)
    for number, one in enumerate(survived):
        found = one.found
        counts = (len(f) for f in (found.lost, found.doubled, found.zombies, found.changed))
        shown.add_row(
            str(number),
            "; ".join(one.faults),
            *map(str, counts),
            f"at most {max(record.attempts for record in one.records)}",
            f"{one.seconds:.0f}",
        )
    return shown


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_random_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    survived = [survive(tmp_path / f"sweep-{seed}", seed) for seed in range(SWEEPS)]
    with capsys.disabled():
        Console(width=160).print(table(survived))
    assert sum(len(one.faults) for one in survived) >= LEAST_FAULTS
    for one in survived:
        assert one.found.faults == ()
        assert all(record.state is TrialState.COMPLETE for record in one.records)
