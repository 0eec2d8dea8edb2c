"""Whether a sweep's machinery stays flat: 16 actors at once, and 100,000 candidates.

First a sweep of replayed trials on up to 16 real actors, whatever CPUs there are: driver, Searcher,
scheduler, recorders and store as in any sweep. Its rows, varied, are then fed to a study, Searcher,
scheduler and recorder without Ray, up to 100,000 candidates; on the way it is measured what a
proposal, a report and a row take, what the driver and the rows weigh, and how long it takes to read
them, to compute the front and to write the report, each in a process of its own. Last, rows alone
are written, read, merged as beside a sweep, and read again.

    python -m benchmarks.scale
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.replaying import SPACE, apart, ends_trial, item_of, replay, resident_mb
from tatl_search.core.early_stopping import below_front
from tatl_search.core.expense import Planned
from tatl_search.core.goals import Goals
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, TrialRecord, TrialState
from tatl_search.results.front import front_of
from tatl_search.results.report import write_report
from tatl_search.results.store import load_sweep
from tatl_search.search.account import Account
from tatl_search.search.admission import Admission
from tatl_search.search.compacting import compacting
from tatl_search.search.importance import importance_of
from tatl_search.search.progress import ProgressCallback
from tatl_search.search.report import CandidateReport, EndReport, Report, to_dict
from tatl_search.search.scheduler import StoppingScheduler, reason_for
from tatl_search.search.searcher import RUN_LENGTH, WorkSearcher
from tatl_search.search.study import Proposal, SweepStudy
from tatl_search.search.variants import middle
from tatl_search.search.work import WorkItem
from tatl_search.space import space_from_raw
from tatl_search.tracking.merging import Merger
from tatl_search.tracking.parquet import ParquetTracker
from tatl_search.tracking.reading import listed

ACTORS = 16
LAST = 200
EPOCHS = 200
"""Of the rounds that are trained: trials wait for each other until all actors have started."""
SETTINGS: Mapping[str, Any] = {"sampler": "nsga2", "early_stopping": "below_front"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=500, help="of the sweep by actors (500)")
    parser.add_argument("--actors", type=int, default=ACTORS, help=f"at most {ACTORS} ({ACTORS})")
    parser.add_argument(
        "--candidates", type=int, nargs="*", default=[1_000, 10_000, 100_000], help="fed, in all"
    )
    parser.add_argument(
        "--rows", type=int, nargs="*", default=[10_000, 100_000], help="of candidates, read"
    )
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        replayed = Path(name) / "replayed"
        apart(show_replayed, replayed, given.trials, min(given.actors, ACTORS))
        apart(show_fed, replayed, Path(name) / "fed", given.candidates)
        show_read(replayed, Path(name) / "read", given.rows)


def show_replayed(folder: Path, trials: int, actors: int) -> None:
    """Print how a sweep of so many actors at once went, warm: its second half."""
    import ray

    ray.init(num_cpus=actors, include_dashboard=False, log_to_driver=False)
    begun = time.perf_counter()
    reports: list[float] = []
    ends: list[float] = []
    weights: list[float] = []
    actors_of: list[tuple[float, int]] = []

    def hear(report: Report | None) -> None:
        if report is None:
            return
        reports.append(time.perf_counter())
        if isinstance(report, CandidateReport):
            actors_of.append((time.perf_counter(), report.pid))
        if ends_trial(report):
            ends.append(time.perf_counter())
            weights.append(resident_mb())

    settings = {"trials": trials, "max_concurrent": actors, **SETTINGS}
    replay(folder, settings, hear, EPOCHS)
    half = len(ends) // 2
    warm = ends[-1] - ends[half]
    told = sum(at > ends[half] for at in reports)
    cells = [
        f"{len({pid for at, pid in actors_of if at > ends[half]})}",
        f"{len(ends)}",
        f"{ends[-1] - begun:.0f}",
        f"{(len(ends) - half - 1) / warm:.2f}",
        f"{told / warm:.2f}",
        f"{weights[half]:.0f} to {weights[-1]:.0f}",
    ]
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n")
    print("| actors | trials | s, all in | trials/s, warm | reports/s, warm | driver, MB |")
    print("|---|---|---|---|---|---|")
    print("|", " | ".join(cells), "|\n", flush=True)


def show_fed(replayed: Path, folder: Path, milestones: Sequence[int]) -> None:
    """Print what rows, reports and proposals take as a sweep grows."""
    feed = Feed(replayed, folder)
    with compacting(Merger(feed.folder)):
        _show_fed(feed, milestones)
    feed.close()


def _show_fed(feed: "Feed", milestones: Sequence[int]) -> None:
    print(
        "| candidates | trials | ms a proposal | ms a report | ms a row | driver, MB | rows, MB |"
        " files | s to read | s for the front | s for the report |"
    )
    print("|" + "---|" * 11, flush=True)
    for milestone in milestones:
        while feed.candidates < milestone:
            feed.one_trial()
        files = [*feed.folder.candidates.glob("*.parquet"), *feed.folder.trials.glob("*.parquet")]
        looked = apart(look, feed.folder.root)
        cells = [
            f"{feed.candidates:,}",
            f"{feed.trials:,}",
            *(f"{1e3 * taken:.2f}" for taken in feed.timings.recent()),
            f"{resident_mb():.0f}",
            f"{sum(file.stat().st_size for file in files) / 1e6:.0f}",
            f"{len(files):,}",
            *(f"{seconds:.2f}" for seconds in looked),
        ]
        print("|", " | ".join(cells), "|", flush=True)


def show_read(replayed: Path, folder: Path, milestones: Sequence[int]) -> None:
    """Print how long it takes to read rows, each in a file of its own and merged."""
    known = load_sweep(replayed)
    where, tracks = SweepFolder(folder), trajectories(known.candidates)
    folder.mkdir()
    where.manifest.write_text(known.manifest.to_yaml(), encoding="utf-8")
    tracker, merger, random = ParquetTracker(where), Merger(where), np.random.default_rng(0)
    trials = candidates = 0
    print(
        "\n| candidates | trials | files | s to read | s to merge | files then | s to read then |"
    )
    print("|" + "---|" * 7, flush=True)
    for milestone in milestones:
        while candidates < milestone:
            track = tracks[trials % len(tracks)]
            settings = json.dumps({**json.loads(track[0].settings), "seed": trials})
            for row in varied(track, trials, settings, random):
                tracker.candidate(row)
            tracker.trial(ending(trials, row))
            trials, candidates = trials + 1, candidates + len(track)
        before = [f"{_files(where):,}", apart(read_seconds, folder)]
        _, merging = timed(lambda: [*iter(merger.merge, False)])
        after = [f"{merging:.1f}", f"{_files(where):,}", apart(read_seconds, folder)]
        print("|", " | ".join([f"{candidates:,}", f"{trials:,}", *before, *after]), "|", flush=True)


def _files(folder: SweepFolder) -> int:
    return sum(len(listed(rows)) for rows in (folder.candidates, folder.trials))


def read_seconds(folder: Path) -> str:
    """Return the seconds to read a sweep, and those of the CPU."""
    before = time.process_time()
    _, seconds = timed(lambda: load_sweep(folder))
    return f"{seconds:.2f} ({time.process_time() - before:.2f})"


def look(folder: Path) -> tuple[float, float, float]:
    """Return the seconds to read a sweep, to compute its front and to write its report."""
    results, reading = timed(lambda: load_sweep(folder))
    _, front = timed(lambda: front_of(results))
    _, report = timed(lambda: write_report(results, importance_of(results)))
    return reading, front, report


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns and the seconds it takes."""
    started = time.perf_counter()
    found = work()
    return found, time.perf_counter() - started


@dataclass(frozen=True)
class Timings:
    """Seconds that each call took, in order."""

    proposals: list[float]
    reports: list[float]
    rows: list[float]

    def recent(self) -> Iterator[float]:
        """Yield the medians of the latest calls: of a proposal, a report and a row."""
        for taken in (self.proposals, self.reports, self.rows):
            yield float(np.median(taken[-LAST:]))


class Feed:
    """Hands trials out and tells what became of them, as Ray Tune and its workers would.

    Attributes:
        folder: of the fed sweep.
        candidates: rows that were recorded.
        trials: trials that ended.
        timings: what calls took.
    """

    def __init__(self, replayed: Path, folder: Path) -> None:
        """Begin a sweep whose trials are varied ones of a replayed sweep."""
        known = load_sweep(replayed)
        self.folder = SweepFolder(folder)
        self.candidates = self.trials = 0
        self.timings = Timings([], [], [])
        self._trajectories = trajectories(known.candidates)
        self._random = np.random.default_rng(0)
        folder.mkdir()
        space = space_from_raw({"sweep": {**SETTINGS, "trials": 10**9}, **SPACE})
        manifest = known.manifest.model_copy(update={"name": "fed", "sweep": space.sweep})
        self.folder.manifest.write_text(manifest.to_yaml(), encoding="utf-8")
        self._any_item = item_of(folder, 0, middle(space))
        self._parquet = ParquetTracker(self.folder)
        study = SweepStudy(self.folder.journal, "fed", space, 0, manifest.reference)
        study.begin([], [])
        goals = Goals(space.sweep.objectives, manifest.reference)
        reason = reason_for(space.sweep.early_stopping)
        self._scheduler = StoppingScheduler(
            goals, below_front(space.sweep), reason, (), lambda _: False
        )
        self._progress = ProgressCallback(
            10**9,
            lambda: 0,
            goals,
            lambda _report, _snapshot: None,
            self._scheduler.reason_of,
        )
        account = Account(space.sweep, goals, 0.0)
        self._searcher = WorkSearcher(
            study,
            [],
            self._item_of,
            self._parquet,
            lambda: ACTORS,
            Admission(account, lambda _: Planned(first=0)),
            self._scheduler.reason_of,
        )

    def one_trial(self) -> None:
        """Hand out a trial, record and report its rounds, and tell how it ended."""
        name = str(self.trials)
        if self.trials % RUN_LENGTH == 0:
            self._searcher.begins_another_run()
        handed, seconds = timed(lambda: self._searcher.suggest(name))
        self.timings.proposals.append(seconds)
        item = WorkItem.model_validate_json(handed["item"])
        known = self._trajectories[item.number % len(self._trajectories)]
        settings = item.config.model_dump_json()
        for row in varied(known, item.number, settings, self._random):
            _, seconds = timed(partial(self._parquet.candidate, row))
            self.timings.rows.append(seconds)
            self.candidates += 1
            last = CandidateReport.of(row, item)
            report = to_dict(last)
            stops, seconds = timed(partial(self._hear, name, report))
            self.timings.reports.append(seconds)
            if stops:
                break
        else:
            self._parquet.trial(ending(item.number, row))
            end = EndReport(
                kind=item.kind, label=item.label, last=last, stop_reason=row.stop_reason
            )
            report = to_dict(end)
            self._hear(name, report)
        self._searcher.on_trial_complete(name, report)
        self.trials += 1

    def close(self) -> None:
        """End the searcher's thread."""
        self._searcher.close()

    def _item_of(self, proposal: Proposal) -> WorkItem:
        own = {"number": proposal.number, "label": f"trial {proposal.number}"}
        return self._any_item.model_copy(update={**own, "config": proposal.config})

    def _hear(self, name: str, report: dict[str, Any]) -> bool:
        """Let scheduler, searcher and progress hear a report; return whether the trial stops."""
        trial: Any = SimpleNamespace(trial_id=name)
        decided = self._scheduler.on_trial_result(None, trial, report)
        self._searcher.on_trial_result(name, report)
        self._progress.on_trial_result(0, [], trial, report)
        return bool(decided == StoppingScheduler.STOP)


def varied(
    known: Sequence[CandidateRecord], trial: int, settings: str, random: np.random.Generator
) -> Iterator[CandidateRecord]:
    """Yield the rounds of a trial: those of a replayed one, with figures of their own."""
    skill = random.normal(0.0, 0.05)
    for row in known:
        share = float(random.uniform(0.8, 1.0)) if row.round else 1.0
        yield replace(
            row,
            sweep="fed",
            trial=trial,
            label=f"trial {trial} round {row.round}",
            stage=f"{trial:035d}{row.round:05d}" if row.round else row.stage,
            accuracy=float(np.clip(row.accuracy + skill, 0.0, 1.0)),
            macs=int(row.macs * share),
            parameters=int(row.parameters * share),
            settings=settings,
        )


def trajectories(rows: Sequence[CandidateRecord]) -> list[list[CandidateRecord]]:
    """Return the rows of each trial, by round."""
    by_trial: dict[int | None, list[CandidateRecord]] = {}
    for row in rows:
        by_trial.setdefault(row.trial, []).append(row)
    return [*by_trial.values()]


def ending(trial: int, last: CandidateRecord) -> TrialRecord:
    """Return the row of a trial that ended well."""
    return TrialRecord(
        sweep="fed", trial=trial, state=TrialState.COMPLETE, stop_reason=last.stop_reason,
        infeasible_reason=None, detail="", rounds=last.round, attempts=1, settings=last.settings,
        seconds=1.0, created_at=last.created_at,
    )  # fmt: skip


if __name__ == "__main__":
    main()
