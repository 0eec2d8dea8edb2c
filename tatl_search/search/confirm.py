"""The front's settings again, from fresh seeds: what of its figures was luck.

Every seed has a first fine-tuning of its own. What one seed's adaptations share, they share as in
a sweep; over seeds nothing is shared, so that their spread is that of the whole adaptation.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from tatl_search.adaptation.keys import root_key
from tatl_search.config import AdaptationConfig, StopSettings
from tatl_search.errors import RunError, StorageError
from tatl_search.records import CandidateRecord
from tatl_search.results.confirmation import stored_confirmations
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.cluster import check_resources, cluster, first_done, slots
from tatl_search.search.folder import LatencyTables
from tatl_search.search.lock import only_driver
from tatl_search.search.roots import compute_roots, run_alone
from tatl_search.search.searcher import MAX_ATTEMPTS
from tatl_search.search.shared_storage import check_shared
from tatl_search.search.shipping import shipping
from tatl_search.search.work import Event, WorkItem, WorkKind

Announce = Callable[[str], None]


def confirm(folder: Path, seeds: int, announce: Announce, address: str | None = None) -> list[str]:
    """Run the settings behind a sweep's front again; what is stored already is not run again.

    Args:
        folder: the sweep's folder.
        seeds: how many fresh seeds each is run from.
        announce: told what is done.
        address: of a running Ray cluster; null uses this machine.

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
    try:
        with only_driver(results.folder), cluster(address), shipping(results.folder):
            check_resources(results.manifest.sweep)
            check_shared(folder, results.manifest.uri)
            failures = compute_roots(_first_fine_tunings(items), announce)
            announce(f"running {len(items)} adaptations again")
            return [*failures, *_run_all(items)]
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
        if any((trial, seed, number) not in stored for number in range(row.round + 1))
    ]


def seed_of_row(row: CandidateRecord) -> int:
    """Return the seed that a row's adaptation had."""
    return int(json.loads(row.settings)["seed"])


def _fresh_seeds(results: SweepResults) -> Iterator[int]:
    """Yield the whole numbers that no trial of the sweep had as its seed."""
    used = {seed_of_row(row) for row in (*results.candidates, *results.roots)}
    return (seed for seed in count(1) if seed not in used)


def _item(results: SweepResults, row: CandidateRecord, seed: int) -> WorkItem:
    manifest = results.manifest
    config = AdaptationConfig.model_validate_json(row.settings)
    again = config.model_copy(update={"seed": seed, "stop": StopSettings(max_rounds=row.round)})
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
        launched_at=manifest.created_at,
    )


def _first_fine_tunings(items: Sequence[WorkItem]) -> list[WorkItem]:
    """Return the first fine-tunings of all these adaptations, each once."""
    firsts: dict[str, WorkItem] = {}
    for item in items:
        config = item.config.model_copy(update={"stop": StopSettings(max_rounds=0)})
        first = item.model_copy(
            update={"config": config, "label": f"unpruned (seed {config.seed})"}
        )
        firsts.setdefault(root_key(config, config.data.digest(), 1, item.device), first)
    return list(firsts.values())


def _run_all(items: Sequence[WorkItem]) -> list[str]:
    """Run adaptations as Ray tasks, each at most three times; return which failed, and why."""
    waiting, failures = deque(items), []
    running: dict[ray.ObjectRef[dict[str, Any]], WorkItem] = {}
    while waiting or running:
        while waiting and len(running) < slots(waiting[0].sweep):
            item = waiting.popleft()
            running[_start(item)] = item
        done = first_done(list(running), f"tatl-search confirm {items[0].folder}")
        item = running.pop(done)
        why, again = _outcome(done)
        if again and item.attempt < MAX_ATTEMPTS:
            waiting.append(item.model_copy(update={"attempt": item.attempt + 1}))
        elif why:
            failures.append(f"{item.label}: {why}")
    return failures


def _start(item: WorkItem) -> "ray.ObjectRef[dict[str, Any]]":
    task = ray.remote(run_alone).options(
        num_cpus=item.sweep.cpus_per_trial, num_gpus=item.sweep.gpus, max_retries=0
    )
    return task.remote(item.model_dump(mode="json"))


def _outcome(done: "ray.ObjectRef[dict[str, Any]]") -> tuple[str, bool]:
    """Return why a run failed, empty if it did not, and whether it is worth another attempt."""
    try:
        report = ray.get(done)
    except RayError as error:
        return f"its worker died: {error}", True
    if report["event"] == Event.STORAGE_ERROR:
        raise StorageError(report["detail"])
    return str(report["detail"]), report["event"] == Event.FAILED
