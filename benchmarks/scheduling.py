"""What a sweep costs beside its training, against plain Ray Tune.

Runs one after the other, each in a process and on a Ray of its own, one trial at a time (Ray takes
an actor that is free before it starts another, which takes longer than such a trial): a function
trainable that does nothing but import torch and torchvision and report, in three settings of plain
Ray Tune; and a sweep by the product's own driver in which everything is recorded (study, Parquet,
W&B offline) and whose trials find their stages stored, so that next to nothing is trained. What is
left of such a trial, loading networks and choosing filters, is measured apart, without Ray and
recorders. "Warm" is the pace of the second half of the trials.

Then: how long one proposal takes after so many trials, and how long it keeps a report waiting. With
`--long 10000`, instead: the driver's memory over a sweep of so many replayed trials.

    python -m benchmarks.scheduling
"""

import argparse
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.replaying import AT_ONCE, apart, ends_trial, item_of, replay, resident_mb
from tatl_search.config import AdaptationConfig
from tatl_search.core.expense import Planned
from tatl_search.core.goals import Goals
from tatl_search.figures import MACS, Figures
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import TrialRecord
from tatl_search.search.account import Account
from tatl_search.search.admission import Admission
from tatl_search.search.report import Report
from tatl_search.search.searcher import WorkSearcher
from tatl_search.search.study import Proposal, SweepStudy
from tatl_search.search.work import WorkItem
from tatl_search.space import load_space
from tatl_search.tracking.parquet import ParquetTracker
from tatl_search.tracking.reading import read_records

REPORTS = 3
ASKED = 20
TOLD = (10, 100, 1000)
EVERY = 1000
ASKED_SPACE = Path("search_spaces/quickstart.yaml")


@dataclass(frozen=True)
class Pace:
    """How fast trials went.

    Attributes:
        what: ran.
        seconds: from the start to the last trial's end.
        ends: of each trial, in seconds since the first one's end.
    """

    what: str
    seconds: float
    ends: Sequence[float]

    @property
    def all_in(self) -> float:
        """Seconds a trial, start and end of everything included."""
        return self.seconds / len(self.ends)

    @property
    def warm(self) -> float:
        """Seconds a trial in the second half."""
        half = len(self.ends) // 2
        return (self.ends[-1] - self.ends[half - 1]) / (len(self.ends) - half)


def pace(what: str, started: float, ends: Iterable[float]) -> Pace:
    """Return the pace of trials that ended at these times."""
    last = sorted(ends)
    return Pace(what, last[-1] - started, [end - last[0] for end in last])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--plain", type=int, default=10, help="trials of plain Ray Tune")
    parser.add_argument("--trials", type=int, default=200, help="trials where actors are reused")
    parser.add_argument("--long", type=int, help="only a sweep of so many replayed trials")
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        if given.long:
            apart(long_sweep, folder / "long", given.long)
            return
        show_paces(paces(folder, given.plain, given.trials))
        apart(show_proposals, folder)


def paces(folder: Path, few: int, many: int) -> Iterator[Pace]:
    """Run the arms one after the other."""
    new = "plain `tune.Tuner`, a new process a trial"
    yield apart(plain, new, folder / "plain", few, False, False)
    yield apart(plain, f"{new}, WandbLoggerCallback", folder / "wandb", few, False, True)
    yield apart(plain, "plain, `reuse_actors`", folder / "reuse", many, True, False)
    yield apart(sweep, folder / "sweep", many)
    yield alone(folder / "sweep")


def show_paces(found: Iterable[Pace]) -> None:
    """Print each pace as it is found, and what the sweep adds to the adaptations alone."""
    print("| one trial at a time | trials | s a trial, all in | s a trial, warm |")
    print("|---|---|---|---|", flush=True)
    known = []
    for each in found:
        known.append(each)
        cells = (each.what, len(each.ends), f"{each.all_in:.3f}", f"{each.warm:.4f}")
        print("|", " | ".join(map(str, cells)), "|", flush=True)
    first, *_, ours, own = known
    print(
        f"\nBeyond its own work a trial costs {ours.warm - own.warm:.3f} s (target: at most 0.05);"
        f" a plain one is {first.warm / ours.warm:.0f} times slower than the whole of ours.\n"
    )


def plain(what: str, folder: Path, trials: int, reuse: bool, wandb: bool) -> Pace:
    """Run plain Ray Tune as its documentation does, without its banner."""
    os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "RAY_AIR_NEW_OUTPUT": "0"}
    import logging

    import ray
    from ray import tune
    from ray.air.integrations.wandb import WandbLoggerCallback

    def train_nothing(config: Mapping[str, Any]) -> None:
        import torch  # noqa: F401
        import torchvision  # noqa: F401

        for _ in range(REPORTS):
            tune.report({"accuracy": config["rate"], "macs": 1.0, "at": time.time()})

    ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    started = time.time()
    tuner = tune.Tuner(
        train_nothing,
        param_space={"rate": tune.uniform(0.0, 1.0)},
        tune_config=tune.TuneConfig(
            num_samples=trials, reuse_actors=reuse, max_concurrent_trials=AT_ONCE
        ),
        run_config=tune.RunConfig(
            storage_path=str(folder),
            callbacks=[WandbLoggerCallback(project="scheduling")] if wandb else [],
            verbose=0,
        ),
    )
    found = tuner.fit()
    last = [found[number].metrics or {} for number in range(trials)]
    return pace(what, started, [metrics["at"] for metrics in last])


def sweep(folder: Path, trials: int) -> Pace:
    """Run the product's own driver with everything recorded."""
    ends: list[float] = []
    started = time.time()

    def hear(report: Report | None) -> None:
        if ends_trial(report):
            ends.append(time.time())

    replay(folder, {"trials": trials}, hear)
    return pace("a sweep of replayed trials, everything recorded", started, ends)


def alone(folder: Path) -> Pace:
    """Run the adaptations of a sweep again, without Ray and without recorders."""
    settings = [row.settings for row in read_records(SweepFolder(folder).trials, TrialRecord)]
    started = time.time()
    return pace("its adaptations alone", started, apart(adaptations, folder, settings))


def adaptations(folder: Path, settings: Sequence[str]) -> list[float]:
    """Run adaptations whose stages are stored, and return when each one ended."""
    import torch

    from tatl_search.adaptation.loop import adapt
    from tatl_search.search.worker import open_workbench

    torch.set_num_threads(1)
    ends = []
    for number, given in enumerate(settings):
        config = AdaptationConfig.model_validate_json(given)
        for _ in adapt(open_workbench(item_of(folder, number, config))):
            pass
        ends.append(time.time())
    return ends


def show_proposals(folder: Path) -> None:
    """Print how long a proposal takes, and how long one keeps a report waiting."""
    space = load_space(ASKED_SPACE, ["sweep.trials=1000000"])
    study = SweepStudy(folder / "study.journal", "asked", space, 0, {MACS: 1e7})
    study.begin([], [])
    print("| trials told | one proposal, p50 ms | max ms | target |\n|---|---|---|---|")
    for told in TOLD:
        while study.told < told:
            tell(study, study.ask())
        taken = [timed(study) for _ in range(ASKED)]
        target = "50" if told == max(TOLD) else ""
        p50, most = 1e3 * np.median(taken), 1e3 * max(taken)
        print(f"| {told} | {p50:.1f} | {most:.1f} | {target} |", flush=True)
    waits = [1e3 * wait for wait in report_waits(study, folder)]
    print(f"\nReports wait {max(waits):.0f} ms at most for a proposal after {study.told} trials.")


def timed(study: SweepStudy) -> float:
    """Return the seconds that one proposal takes, its way to the disk included."""
    started = time.perf_counter()
    proposal = study.ask()
    taken = time.perf_counter() - started
    tell(study, proposal)
    return taken


def tell(study: SweepStudy, proposal: Proposal) -> None:
    """Tell an outcome that follows from the settings, noise included."""
    prune, noise = proposal.config.prune, np.random.default_rng(proposal.number).normal(size=2)
    accuracy = 1 - (prune.threshold - 0.8) ** 2 - 0.05 * prune.priority.macs + 0.02 * noise[0]
    last = Figures(
        accuracy=float(np.clip(accuracy, 0, 1)),
        loss=1.0,
        val_images=1000,
        macs=round(1e7 * (1 - prune.rate) + 1e5 * abs(noise[1])),
        parameters=1,
        size_bytes=4,
        latency_ms=None,
    )
    study.tell(proposal.number, last, "max_rounds")


def report_waits(study: SweepStudy, folder: Path) -> list[float]:
    """Return how long Ray's loop, which hears the reports, was held at each look for work."""
    proposed: list[Proposal] = []

    def note(proposal: Proposal) -> WorkItem:
        proposed.append(proposal)
        return item_of(folder / "sweep", proposal.number, proposal.config)

    manifest = SweepManifest.read(folder / "sweep")
    account = Account(manifest.sweep, Goals(manifest.sweep.objectives, manifest.reference), 0.0)
    parquet = ParquetTracker(SweepFolder(folder / "sweep"))
    admission = Admission(account, lambda _: Planned(first=0))
    searcher = WorkSearcher(study, [], note, parquet, lambda: 10**6, admission, lambda _: None)
    waits = []
    while len(proposed) < ASKED:
        started = time.perf_counter()
        searcher.suggest(str(len(proposed)))
        waits.append(time.perf_counter() - started)
    searcher.close()
    return waits[1:]  # with nobody at work, the first one keeps no report waiting


def long_sweep(folder: Path, trials: int) -> None:
    """Print the driver's memory in the course of a long sweep.

    By NSGA-II, which is for thousands of trials: a proposal of TPE takes ever longer.
    """
    print("| trials | driver, MB | s a trial |\n|---|---|---|", flush=True)
    ends: list[float] = [time.time()]

    def hear(report: Report | None) -> None:
        if not ends_trial(report):
            return
        ends.append(time.time())
        done = len(ends) - 1
        if done % EVERY == 0 or done in (EVERY // 10, EVERY // 2):
            since = max(0, done - EVERY)
            each = (ends[done] - ends[since]) / (done - since)
            print(f"| {done} | {resident_mb():.0f} | {each:.3f} |", flush=True)

    replay(folder, {"trials": trials, "sampler": "nsga2"}, hear)


if __name__ == "__main__":
    main()
