"""One adaptation without a cluster, stored like a sweep of one trial."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from tatl_search.files import storage_errors
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import CandidateRecord
from tatl_search.search.environment import record_environment, usable_cpus
from tatl_search.search.folder import new_folder, prepare
from tatl_search.search.lock import only_driver
from tatl_search.search.report import EndReport, TrainingReport
from tatl_search.search.summary import summarise
from tatl_search.search.variants import without_rounds
from tatl_search.search.work import WorkItem, WorkKind
from tatl_search.search.worker import run_item
from tatl_search.space import SearchSpace, space_from_raw
from tatl_search.tracking.recording import recording
from tatl_search.tracking.wall_clock import on_the_clock


def adapt_once(
    space: SearchSpace,
    folder: Path,
    listener: Callable[[CandidateRecord], None],
    hear: Callable[[TrainingReport], None] = lambda _: None,
) -> EndReport:
    """Run one adaptation in this process, on all its CPUs, into a new folder.

    Args:
        space: settings without distributions.
        folder: must not exist; afterwards it reads like a sweep of one trial.
        listener: hears of every candidate once it is stored.
        hear: told how the first fine-tuning gets on.

    Returns:
        How it ended: its last network, and why it is the last.

    Raises:
        InputError: the settings hold a distribution, or do not fit the data or the network.
        StorageError: the folder cannot be written.
    """
    began = time.monotonic()
    space.single()  # distributions are refused before anything is made
    threads = usable_cpus()
    gpus = space.sweep.gpus_per_trial
    if gpus == "auto":  # nobody shares it
        gpus = float(torch.cuda.is_available())
    here = {"trials": 1, "baselines": (), "cpus_per_trial": threads, "gpus_per_trial": gpus}
    sweep = space.sweep.model_copy(update=here)
    where = SweepFolder(folder)
    with new_folder(folder):
        tables = prepare(space, sweep, where, root_threads=threads)
    with only_driver(where), storage_errors(folder):
        record_environment(where)
        manifest = SweepManifest.read(folder)
        config = space_from_raw(manifest.space).single()  # its paths mean the same everywhere
        item = WorkItem(
            kind=WorkKind.TRIAL,
            number=0,
            label="trial 0",
            folder=folder.resolve(),
            sweep_name=manifest.name,
            launched_at=manifest.created_at,
            sweep=sweep,
            config=config,
            threads=threads,
            root_threads=threads,
            latency=tables.of(config),
        )
        with on_the_clock(where, began, is_first=True), recording(where):
            ended = _run(item, listener, hear)
            if config.starts_pretrained:  # what it is compared with
                _run(_reference(item), listener, hear)
        summarise(folder)
        return ended


def _run(
    item: WorkItem,
    listener: Callable[[CandidateRecord], None],
    hear: Callable[[TrainingReport], None],
) -> EndReport:
    return run_item(item, listener, hear=lambda progress: hear(TrainingReport.of(progress, item)))


def _reference(trial: WorkItem) -> WorkItem:
    """Return the first fine-tuning of a trial that began without."""
    changes = {
        "kind": WorkKind.REFERENCE,
        "label": "unpruned",
        "config": without_rounds(trial.config),
    }
    return trial.model_copy(update=changes)
