"""The function that Ray Tune's workers run."""

import gc
import os
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import ray
from ray import tune

from tatl_search.adaptation.following import Hear, TrainingProgress
from tatl_search.config import SweepSettings
from tatl_search.errors import StorageError
from tatl_search.manifest import SweepFolder
from tatl_search.nets.memory import share_of_gpu
from tatl_search.records import CandidateRecord
from tatl_search.search.cluster import elsewhere, nodes_for_trials
from tatl_search.search.home import at_home
from tatl_search.search.report import (
    CandidateReport,
    EndReport,
    Event,
    MessageReport,
    TrainingReport,
    to_dict,
)
from tatl_search.search.shared_storage import not_shared
from tatl_search.search.watch import watched
from tatl_search.search.work import WorkItem
from tatl_search.search.worker import run_item

STOPPING_S = 600
"""Time that a stopped trial's thread may take to end before its worker gets the next one.

Ray's own two seconds are too few on a busy machine, and it then tells the searcher nothing: the
trial that was to be next is never heard of again, and its place is lost.
"""

TRAINING_EVERY_S = 5.0
"""Time between two reports of a first fine-tuning: it waits until Ray has heard each."""


def run_work(config: dict[str, Any]) -> None:
    """Run one piece of work inside a Ray Tune worker, reporting every candidate and the end."""
    os.environ["TUNE_FUNCTION_THREAD_TIMEOUT_S"] = str(STOPPING_S)  # read when it is stopped
    _spare_imports()
    item = WorkItem.model_validate_json(config["item"])
    minutes = item.sweep.trial_minutes
    next_word = 0.0

    def listen(row: CandidateRecord) -> None:
        tune.report(to_dict(CandidateReport.of(row, item)))

    def hear(progress: TrainingProgress) -> None:
        nonlocal next_word
        if progress.is_over or time.monotonic() >= next_word:
            next_word = time.monotonic() + TRAINING_EVERY_S
            tune.report(to_dict(TrainingReport.of(progress, item)))

    tune.report(to_dict(refusal(item) or report_of(item, listen, minutes, hear)))


@cache
def _spare_imports() -> None:
    """Keep what the imports left behind from being looked through at every garbage collection."""
    gc.collect()
    gc.freeze()


def report_of(
    item: WorkItem,
    listener: Callable[[CandidateRecord], None],
    minutes: float | None = None,
    hear: Hear | None = None,
) -> EndReport | MessageReport:
    """Run one piece of work and return the report of its end, whatever the end was.

    Work that gets nowhere, or takes more than so many minutes, ends with this process.
    """
    try:
        with watched(minutes, item.sweep.stalled_minutes) as alive, _place_of(item):
            return run_item(at_home(item, alive), listener, alive, hear)
    except StorageError as error:
        return MessageReport(event=Event.STORAGE_ERROR, detail=str(error))
    except Exception as error:  # noqa: BLE001 - the driver decides whether to try again
        traceback.print_exc()
        return MessageReport(event=Event.FAILED, detail=f"{type(error).__name__}: {error}")


def refusal(item: WorkItem) -> MessageReport | None:
    """Return the report of a node that does not see its sweep's folder; null where it does.

    Such a node joined after all others were asked. To be called in what Ray runs.
    """
    if item.uri is not None or SweepFolder(item.folder).manifest.is_file():
        return None
    here = ray.get_runtime_context().get_node_id()
    known = {node["NodeID"]: node["NodeManagerAddress"] for node in nodes_for_trials()}
    node = f"{known.get(here, here)} (it does not see the folder)"
    return MessageReport(
        event=Event.NOT_SHARED,
        node=here,
        detail=f"{item.label} goes to another node. {not_shared(item.folder, [node])}",
    )


def resources(sweep: SweepSettings, config: Mapping[str, Any]) -> tune.PlacementGroupFactory:
    """Return what Ray Tune reserves for a piece of work, on a node that did not refuse any."""
    bundle = {"CPU": float(sweep.cpus_per_trial), "GPU": sweep.gpus}
    avoided = config.get("avoid")
    if not avoided:
        return tune.PlacementGroupFactory([bundle])
    selector = elsewhere(avoided.split(","))
    return tune.PlacementGroupFactory([bundle], bundle_label_selector=[selector])


def _place_of(item: WorkItem) -> AbstractContextManager[None]:
    """Return what holds a piece of work to its share of a GPU; nothing for one on CPUs."""
    return share_of_gpu(item.sweep.trials_per_gpu) if item.device == "cuda" else nullcontext()
