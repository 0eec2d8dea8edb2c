"""The front's settings again, from fresh seeds: what of its figures was luck.

Every seed has a first fine-tuning of its own. What one seed's adaptations share, they share as in
a sweep; over seeds nothing is shared, so that their spread is that of the whole adaptation.
"""

from collections.abc import Callable, Sequence
from itertools import count, islice
from pathlib import Path

from tatl_search.adaptation.keys import root_key
from tatl_search.config import read_settings
from tatl_search.errors import RunError
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.confirmation import Place, place_of, seed_of_row, stored_confirmations
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.cluster import cluster, slots
from tatl_search.search.folder import LatencyTables
from tatl_search.search.importable import check_at_hand, check_importable
from tatl_search.search.lock import only_driver
from tatl_search.search.own_code import travelling
from tatl_search.search.report import TrainingReport
from tatl_search.search.room import asking, await_room
from tatl_search.search.roots import compute_roots
from tatl_search.search.shared_storage import check_shared
from tatl_search.search.shipping import shipping
from tatl_search.search.tasks import run_tasks
from tatl_search.search.work import WorkItem, WorkKind, trial_label
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
        InputError: it is no sweep, another driver runs it, no node can run its trials, nodes do
            not see the folder, or a network of the user's cannot be imported.
        StorageError: the storage refused a write; the same command goes on.
        RunError: all first fine-tunings failed, Ray did, or Ctrl-C was pressed; likewise.
    """
    results = load_sweep(folder)
    items = missing_runs(results, seeds)
    if not items:
        return []
    sweep, space = results.manifest.sweep, results.manifest.space
    check_at_hand(space)
    try:
        # The rows of other machines are brought down before the recorder looks for the last time.
        recorded = recording(results.folder)
        with (
            only_driver(results.folder),
            recorded,
            travelling(space, address) as code,
            cluster(address, code),
            shipping(results.folder),
        ):
            await_room(sweep, joining=address is not None)
            check_shared(folder, results.manifest.uri)
            check_importable(space)
            return run_again(items, announce, f"tatl-search confirm {folder}", hear)
    except KeyboardInterrupt as interrupt:
        raise RunError("interrupted; the same command goes on") from interrupt


def run_again(
    items: Sequence[WorkItem],
    announce: Announce,
    go_on: str,
    hear: Callable[[TrainingReport], None] = lambda _: None,
) -> list[str]:
    """Run adaptations from fresh seeds on a cluster that is there, their first fine-tunings first.

    Args:
        items: what to run, at least one.
        announce: told what is done.
        go_on: the command that goes on with it, for people.
        hear: told how first fine-tunings get on.

    Returns:
        What could not be computed, and why.
    """
    sweep = items[0].sweep
    failures = compute_roots(_first_fine_tunings(items), announce, hear)
    announce(f"running {len(items)} adaptations again")
    with asking(sweep, len(items)):
        return failures + run_tasks(
            items,
            at_once=lambda: slots(sweep),
            cpus=sweep.cpus_per_trial,
            announce=announce,
            go_on=go_on,
        )


def missing_runs(results: SweepResults, seeds: int) -> list[WorkItem]:
    """Return the adaptations that are still to be run: one for each trial and seed.

    Of the trials that have a network on the sure front. Each goes as far as its last such round,
    whatever stopped the trial. A baseline on it is trained again as it is.
    """
    stored = {(place_of(row), seed_of_row(row)) for row in stored_confirmations(results.folder)}
    return [
        item_of(results, row, seed)
        for seed in fresh_seeds(results, seeds)
        for row in to_confirm(results)
        if any((place, seed) not in stored for place in places_of(row))
    ]


def to_confirm(results: SweepResults) -> list[CandidateRecord]:
    """Return the networks whose adaptations lead to all of the sure front, one of each trial."""
    deepest: dict[tuple[int | None, str], CandidateRecord] = {}
    for row in front_of(results).sure():
        which = (row.trial, "" if row.trial is not None else row.label)
        if which not in deepest or deepest[which].round < row.round:
            deepest[which] = row
    return sorted(deepest.values(), key=lambda row: (row.trial or 0, row.label))


def places_of(row: CandidateRecord) -> list[Place]:
    """Return where rows are stored of all networks that lead to one."""
    if row.trial is None:
        return [place_of(row)]
    first = read_settings(row.settings).first_round
    return [(row.trial, number) for number in range(first, row.round + 1)]


def fresh_seeds(results: SweepResults, number: int) -> list[int]:
    """Return the first whole numbers that no trial of the sweep had as its seed."""
    used = {seed_of_row(row) for row in results.rows}
    return list(islice((seed for seed in count(1) if seed not in used), number))


def item_of(results: SweepResults, row: CandidateRecord, seed: int) -> WorkItem:
    """Return the adaptation that leads to a network, from another seed."""
    manifest = results.manifest
    config = read_settings(row.settings)
    as_far = config.after(row.prunings, row.finished)
    again = as_far.model_copy(update={"seed": seed})
    name = row.label if row.trial is None else trial_label(row.trial)
    threads = manifest.sweep.cpus_per_trial
    return WorkItem(
        kind=WorkKind.BASELINE_AGAIN if row.trial is None else WorkKind.CONFIRMATION,
        number=row.trial or 0,
        label=f"{name}, seed {seed}",
        folder=results.folder.root.resolve(),
        sweep_name=manifest.name,
        sweep=manifest.sweep,
        config=again,
        threads=threads,
        root_threads=threads if row.kind is Kind.BASELINE else manifest.root_threads,
        latency=LatencyTables.read(results.folder).of(again),
        uri=manifest.uri,
        code_version=manifest.code_version,
        launched_at=manifest.created_at,
    )


def _first_fine_tunings(items: Sequence[WorkItem]) -> list[WorkItem]:
    """Return the first fine-tunings that these adaptations begin with, each once."""
    firsts: dict[str, WorkItem] = {}
    for item in items:
        if item.kind is WorkKind.BASELINE_AGAIN or not item.config.needs_reference:
            continue
        config = item.config.after(prunings=0)
        first = item.model_copy(
            update={"config": config, "label": f"unpruned (seed {config.seed})"}
        )
        firsts.setdefault(root_key(config, config.data.digest(), 1, item.device), first)
    return list(firsts.values())
