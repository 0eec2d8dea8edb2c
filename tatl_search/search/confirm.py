"""The front's settings again, from fresh seeds: what of its figures was luck.

Every seed has a first fine-tuning of its own. What one seed's adaptations share, they share as in
a sweep; over seeds nothing is shared, so that their spread is that of the whole adaptation.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path

from tatl_search.adaptation.keys import root_key
from tatl_search.config import plain_settings, read_settings
from tatl_search.errors import RunError
from tatl_search.records import CandidateRecord
from tatl_search.results.confirmation import stored_confirmations
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.cluster import cluster, slots
from tatl_search.search.folder import LatencyTables
from tatl_search.search.lock import only_driver
from tatl_search.search.report import TrainingReport
from tatl_search.search.room import asking, await_room
from tatl_search.search.roots import compute_roots
from tatl_search.search.shared_storage import check_shared
from tatl_search.search.shipping import shipping
from tatl_search.search.tasks import run_tasks
from tatl_search.search.work import WorkItem, WorkKind
from tatl_search.tracking.recording import recording

Announce = Callable[[str], None]


def confirm(
    folder: Path,
    seeds: int,
    announce: Announce,
    address: str | None = None,
    hear: Callable[[TrainingReport], None] = lambda _: None,
) -> list[str]:
    """Run the settings behind a sweep's front again; what is stored already is not run again.

    Args:
        folder: the sweep's folder.
        seeds: how many fresh seeds each is run from.
        announce: told what is done.
        address: of a running Ray cluster; null uses this machine.
        hear: told how first fine-tunings get on.

    Returns:
        What could not be computed, and why.

    Raises:
        InputError: it is no sweep, another driver runs it, no node can run its trials, or nodes
            do not see the folder.
        StorageError: the storage refused a write; the same command goes on.
        RunError: all first fine-tunings failed, Ray did, or Ctrl-C was pressed; likewise.
    """
    results = load_sweep(folder)
    items = missing_runs(results, seeds)
    if not items:
        return []
    sweep = results.manifest.sweep
    try:
        # The rows of other machines are brought down before the recorder looks for the last time.
        recorded = recording(results.folder)
        with only_driver(results.folder), recorded, cluster(address), shipping(results.folder):
            await_room(sweep, joining=address is not None)
            check_shared(folder, results.manifest.uri)
            failures = compute_roots(_first_fine_tunings(items), announce, hear)
            announce(f"running {len(items)} adaptations again")
            with asking(sweep, len(items)):
                failures += run_tasks(
                    items,
                    at_once=lambda: slots(sweep),
                    cpus=sweep.cpus_per_trial,
                    announce=announce,
                    go_on=f"tatl-search confirm {folder}",
                )
            return failures
    except KeyboardInterrupt as interrupt:
        raise RunError("interrupted; the same command goes on") from interrupt


def missing_runs(results: SweepResults, seeds: int) -> list[WorkItem]:
    """Return the adaptations that are still to be run: one for each trial on the front and seed.

    Each goes as far as the trial's last round on the front, whatever stopped the trial.
    """
    stored = {
        (row.trial, seed_of_row(row), row.round) for row in stored_confirmations(results.folder)
    }
    deepest: dict[int, CandidateRecord] = {}
    for row in front_of(results).distinct():
        assert row.trial is not None
        if row.trial not in deepest or deepest[row.trial].round < row.round:
            deepest[row.trial] = row
    fresh = list(islice(_fresh_seeds(results), seeds))
    return [
        _item(results, row, seed)
        for seed in fresh
        for trial, row in sorted(deepest.items())
        if any((trial, seed, number) not in stored for number in _rounds(row))
    ]


def _rounds(row: CandidateRecord) -> range:
    """Return the rounds whose networks a trial has, up to a candidate's."""
    return range(read_settings(row.settings).first_round, row.round + 1)


def seed_of_row(row: CandidateRecord) -> int:
    """Return the seed that a row's adaptation had."""
    return int(plain_settings(row.settings)["seed"])


def _fresh_seeds(results: SweepResults) -> Iterator[int]:
    """Yield the whole numbers that no trial of the sweep had as its seed."""
    used = {seed_of_row(row) for row in (*results.candidates, *results.roots)}
    return (seed for seed in count(1) if seed not in used)


def _item(results: SweepResults, row: CandidateRecord, seed: int) -> WorkItem:
    manifest = results.manifest
    config = read_settings(row.settings)
    as_far = config.after(row.prunings, row.finished)
    again = as_far.model_copy(update={"seed": seed})
    assert row.trial is not None
    return WorkItem(
        kind=WorkKind.CONFIRMATION,
        number=row.trial,
        label=f"trial {row.trial}, seed {seed}",
        folder=results.folder.root.resolve(),
        sweep_name=manifest.name,
        sweep=manifest.sweep,
        config=again,
        threads=manifest.sweep.cpus_per_trial,
        root_threads=manifest.root_threads,
        latency=LatencyTables.read(results.folder).of(again),
        uri=manifest.uri,
        code_version=manifest.code_version,
        launched_at=manifest.created_at,
    )


def _first_fine_tunings(items: Sequence[WorkItem]) -> list[WorkItem]:
    """Return the first fine-tunings of all these adaptations, each once."""
    firsts: dict[str, WorkItem] = {}
    for item in items:
        if not item.config.needs_reference:
            continue
        config = item.config.after(prunings=0)
        first = item.model_copy(
            update={"config": config, "label": f"unpruned (seed {config.seed})"}
        )
        firsts.setdefault(root_key(config, config.data.digest(), 1, item.device), first)
    return list(firsts.values())
