"""Sweeps over machines that are lost, cut off, frozen, restarted, and join late or leave early.

The table that the soak prints is the summary.
"""

import random
import signal
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tatl_search.adaptation.sharing import METRICS
from tatl_search.manifest import SweepFolder
from tatl_search.records import TrialRecord, TrialState
from tatl_search.tracking.reading import read_records
from tests.integration.audit import Audit, Snapshot, audit, snapshot, stored_trials
from tests.integration.drivers import faulty_space
from tests.integration.nodes import Cluster, Node, cluster_of, missing, wait_for
from tests.integration.test_kills import in_last_attempt

LACKING = missing()
pytestmark = pytest.mark.skipif(bool(LACKING), reason=LACKING)

TRIALS = 16
TIMES = 2
"""How often each fault is done."""

WITHIN_S = 1200
"""How long anything may take on a busy machine."""

SHORT_CUT_S = 4.0
"""Time without network that Ray does not notice."""


class Fault(StrEnum):
    """What is done to the machines of a running sweep."""

    KILLED = "node killed"
    CUT_SHORT = "network cut for 4 s"
    CUT_LONG = "network cut until given up"
    FROZEN = "node frozen until given up"
    JOINED_LEFT = "node joined, another left"
    DRIVER = "driver killed, resumed"
    HEAD = "head killed, restarted, resumed"


@dataclass(frozen=True)
class Struck:
    """A sweep at the moment of a fault.

    Attributes:
        at: when, seconds since 1970.
        held: what the folder held.
        stages: key of each stored stage -> when it was stored.
        attempts: number of each trial -> how often it was handed out.
    """

    at: float
    held: Snapshot
    stages: dict[str, float]
    attempts: dict[int, int]

    @classmethod
    def now(cls, folder: Path) -> "Struck":
        return cls(time.time(), snapshot(folder), stored_stages(folder), attempts(folder))


@dataclass
class Survived:
    """What one sweep went through, and what that did to it.

    Attributes:
        struck: the moments of its faults.
        next_s: seconds from each fault to the next finished candidate of any trial.
        ended_s: seconds from each fault to the end of each trial that it cost its worker.
        recomputed: stages that were stored before a fault and stored again later.
        found: what is wrong with the sweep now that it is complete.
        trials: how its trials ended.
    """

    struck: list[Struck] = field(default_factory=list)
    next_s: list[float] = field(default_factory=list)
    ended_s: list[float] = field(default_factory=list)
    recomputed: list[str] = field(default_factory=list)
    found: Audit = field(default_factory=lambda: Audit((), (), (), ()))
    trials: Sequence[TrialRecord] = ()

    def close(self, folder: Path) -> None:
        """Look at the complete sweep."""
        where, known = SweepFolder(folder), stored_stages(folder)
        rows = {path: path.stat().st_mtime for path in where.candidates.glob("trial-*")}
        ends = {path: path.stat().st_mtime for path in where.trials.glob("trial-*")}
        self.found = audit(folder, *(one.held for one in self.struck))
        self.trials = read_records(where.trials, TrialRecord)
        now = attempts(folder)
        for one in self.struck:
            self.recomputed += [key for key, at in one.stages.items() if known.get(key) != at]
            self.next_s += first_after(one.at, rows, "trial-")
            for number in one.attempts:
                if now[number] > one.attempts[number]:
                    self.ended_s += first_after(one.at, ends, f"trial-{number:05d}")


def stored_stages(folder: Path) -> dict[str, float]:
    """Return when each stage was stored."""
    found = SweepFolder(folder).stages.glob(f"*/{METRICS}")
    return {path.parent.name: path.stat().st_mtime for path in found}


def attempts(folder: Path) -> dict[int, int]:
    """Return how often each trial was handed out."""
    return {t.number: t.user_attrs.get("attempts", 0) for t in stored_trials(folder)}


def first_after(at: float, files: dict[Path, float], prefix: str) -> list[float]:
    """Return the seconds until the first file of this name was written, if any was."""
    later = [when - at for path, when in files.items() if path.name.startswith(prefix)]
    return [min(seconds for seconds in later if seconds > 0)] if max(later) > 0 else []


class Trouble:
    """One sweep over a cluster, and what is done to the two."""

    def __init__(self, cluster: Cluster, folder: Path, stack: ExitStack) -> None:
        self._cluster, self._folder, self._stack = cluster, folder, stack
        space = faulty_space(trials=TRIALS, retrain={"epochs": 40})
        self.driver = stack.enter_context(cluster.sweep(folder, space))
        self.story = Survived()

    def strike(self, fault: Fault, chance: random.Random) -> None:
        """Do one fault at a random moment, and leave the cluster as large as it was."""
        rows = SweepFolder(self._folder).candidates
        known = len(list(rows.glob("trial-*")))
        self.driver.await_file(rows, "trial-*", known + 1, WITHIN_S)
        victim = self._one_at_work()
        time.sleep(chance.uniform(0.0, 4.0))
        self.story.struck.append(Struck.now(self._folder))
        deeds: dict[Fault, Callable[[Node], None]] = {
            Fault.KILLED: self._kill,
            Fault.CUT_SHORT: self._cut_short,
            Fault.CUT_LONG: self._cut_long,
            Fault.FROZEN: self._freeze,
            Fault.JOINED_LEFT: self._change,
            Fault.DRIVER: self._kill_driver,
            Fault.HEAD: self._kill_head,
        }
        deeds[fault](victim)

    def _one_at_work(self) -> Node:
        def at_work() -> list[Node]:
            return [node for node in self._cluster.workers() if node.works()]

        def is_time() -> bool:
            return bool(at_work()) and not any(in_last_attempt(self._folder))

        self.driver.wait(is_time, WITHIN_S)
        return at_work()[0]

    def _kill(self, victim: Node) -> None:
        victim.kill()
        self._cluster.add()

    def _change(self, victim: Node) -> None:
        self._cluster.add()
        self._one_at_work().leave()

    def _cut_short(self, victim: Node) -> None:
        self._cluster.cut(victim)
        time.sleep(SHORT_CUT_S)
        self._cluster.mend(victim)

    def _cut_long(self, victim: Node) -> None:
        self._cluster.cut(victim)
        self._await_given_up()
        self._cluster.mend(victim)
        self._replace(victim)

    def _freeze(self, victim: Node) -> None:
        victim.freeze()
        self._await_given_up()
        victim.thaw()
        self._replace(victim)

    def _await_given_up(self) -> None:
        """Wait until a trial that ran is handed out again, or nothing is left to do."""
        before = self.story.struck[-1].attempts

        def again() -> bool:
            now = attempts(self._folder)
            return self.driver.ended or any(now[number] > n for number, n in before.items())

        wait_for(again, self.driver.output, WITHIN_S)

    def _replace(self, victim: Node) -> None:
        """Wait until a node that was given up knows it and ends, and let another one join."""
        wait_for(lambda: not victim.works(), f"node {victim.number} goes on", WITHIN_S)
        victim.kill()
        self._cluster.add()

    def _kill_driver(self, victim: Node) -> None:
        self.driver.signal(signal.SIGKILL)
        self.driver.end(WITHIN_S)
        self._resume()

    def _kill_head(self, victim: Node) -> None:
        lost = self._cluster.workers()
        self._cluster.head.kill()
        assert self.driver.end(WITHIN_S) == 1, self.driver.output
        wait_for(lambda: not any(node.works() for node in lost), "no end", WITHIN_S)
        for node in lost:
            node.kill()
        self._cluster.begin_head()
        for _ in lost:
            self._cluster.add()
        self._resume()

    def _resume(self) -> None:
        self.driver = self._stack.enter_context(self._cluster.resume(self._folder))


def survive(cluster: Cluster, folder: Path, fault: Fault, times: int, seed: int) -> Survived:
    """Run a sweep to its end through a fault, so many times."""
    folder.parent.mkdir()  # sweeps of one storage folder would take over each other's stages
    chance = random.Random(seed)
    with ExitStack() as stack:
        trouble = Trouble(cluster, folder, stack)
        for _ in range(times):
            trouble.strike(fault, chance)
        assert trouble.driver.end(WITHIN_S) == 0, trouble.driver.output
        trouble.story.close(folder)
        return trouble.story


def new_table() -> Table:
    table = Table(
        title=f"Sweeps of {TRIALS} trials over two nodes, a head without CPUs beside them"
    )
    for column in (
        "fault", "times", "lost", "doubled", "stuck", "changed", "recomputed", "given up",
        "s to the next candidate: median", "at most",
        "s to the lost trial's end: median", "at most",
    ):  # fmt: skip
        table.add_column(column)
    return table


def row(fault: Fault, story: Survived) -> list[str]:
    found = story.found
    counts = (
        len(story.struck),
        len(found.lost),
        len(found.doubled),
        len(found.zombies),
        len(found.changed),
        len(story.recomputed),
        sum(trial.state is not TrialState.COMPLETE for trial in story.trials),
    )
    return [fault, *map(str, counts), *spread(story.next_s), *spread(story.ended_s)]


def spread(seconds: Sequence[float]) -> tuple[str, str]:
    if not seconds:
        return "-", "-"
    return f"{statistics.median(seconds):.0f}", f"{max(seconds):.0f}"


def assert_sound(story: Survived) -> None:
    assert story.found.faults == ()
    assert story.recomputed == []
    assert all(record.state is TrialState.COMPLETE for record in story.trials)


def test_what_ran_on_a_killed_node_goes_on_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "bereft"
    with cluster_of(2) as (cluster, nodes):
        with cluster.sweep(folder, faulty_space(trials=3)) as driver:
            driver.await_file(folder / "candidates", "trial-*")
            before, stages = snapshot(folder), stored_stages(folder)
            next(node for node in nodes if node.works()).kill()
            assert driver.end() == 0, driver.output
        assert audit(folder, before).faults == ()
        assert stages.items() <= stored_stages(folder).items()
        assert 2 in attempts(folder).values()


@pytest.mark.soak
@pytest.mark.timeout(14400)
def test_faults_of_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, told = new_table(), []
    with cluster_of(2) as (cluster, _):
        for seed, fault in enumerate(Fault):
            told.append(survive(cluster, tmp_path / str(seed) / "sweep", fault, TIMES, seed))
            table.add_row(*row(fault, told[-1]))
            with capsys.disabled():
                Console(width=200).print(table)
    for story in told:
        assert_sound(story)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_nodes_that_do_not_see_the_folder_are_refused(tmp_path: Path) -> None:
    """One that joins late loses no trial; one that is there at the start ends the launch."""
    folder = tmp_path / "sweeps" / "seen"
    folder.parent.mkdir()
    hidden = ["sh", "-c", f'mount -t tmpfs tmpfs {folder.parent} && exec "$@"', "sh"]
    with cluster_of(1) as (cluster, nodes):
        space = faulty_space(trials=10, retrain={"epochs": 12})
        with cluster.sweep(folder, space) as driver:
            driver.wait(lambda: "fine-tuning the unpruned network" in driver.output)
            blind = cluster.add(hidden)
            driver.wait(lambda: "goes to another node" in driver.output)
            assert driver.end() == 0, driver.output
        assert f"every node of the cluster: {blind.address} (it does not see" in driver.output
        assert audit(folder).faults == ()
        assert set(attempts(folder).values()) == {1}

        with cluster.sweep(folder.with_name("refused"), faulty_space()) as driver:
            assert driver.end() == 2
        assert f"{blind.address} (it does not see the folder)" in driver.output
        assert nodes[0].address not in driver.output
        assert not folder.with_name("refused").exists()
