"""Sweeps that train next to nothing: what is left is what the product itself costs.

Their trials choose among few ways to prune and find their stages stored but for the first few
times. Everything else is real: driver, workers, study, recorders, store.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from tatl_search.config import AdaptationConfig
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.search.folder import LatencyTables
from tatl_search.search.report import EndReport, Report
from tatl_search.search.work import WorkItem, WorkKind
from tatl_search.space import space_from_raw

AT_ONCE = 1
T = TypeVar("T")
SPAWN = get_context("spawn")

SPACE: Mapping[str, Any] = {
    "data": {"image_size": 32, "per_class": 10},
    "network": {"name": "timm/test_efficientnet", "weights": "random"},
    "finetune": {"epochs": 1, "batch_size": 50},
    # Six ways to choose filters, two rounds each: twelve stages that all trials share.
    "prune": {
        "threshold": {"low": 0.5, "high": 0.9, "step": 0.2},
        "priority": {"macs": {"choices": [0.0, 1.0]}},
    },
    "retrain": {"epochs": 1, "batch_size": 50},
    "stop": {
        "max_rounds": {"low": 1, "high": 2},
        "max_drop": {"low": 0.3, "high": 0.9},
        "target_macs_share": {"low": 0.05, "high": 0.2},
        "target_parameters_share": {"low": 0.01, "high": 0.1},
    },
}


def apart(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a new process: one Ray, and one start of everything, for each."""
    with ProcessPoolExecutor(1, mp_context=SPAWN) as process:
        return process.submit(function, *arguments).result()


def replay(
    folder: Path,
    settings: Mapping[str, Any],
    hear: Callable[[Report | None], None],
    epochs: int = 1,
) -> None:
    """Run a sweep whose trials share their stages.

    Args:
        folder: of the sweep.
        settings: of its section `sweep`.
        hear: hears each report of its workers.
        epochs: of a round, for as many times as it is trained at all.
    """
    from tatl_search.search.sweep import launch

    own = {"max_concurrent": AT_ONCE, "collapse_accuracy": 0.0, **settings}
    retrain = {**SPACE["retrain"], "epochs": epochs}
    raw = {**SPACE, "sweep": own, "wandb": {"mode": "offline"}, "retrain": retrain}
    space = space_from_raw(raw)
    launch(space, folder, lambda report, _: hear(report))


def ends_trial(report: Report | None) -> bool:
    """Whether a report says that a trial has ended by itself, or was stopped."""
    return isinstance(report, EndReport) and report.kind is WorkKind.TRIAL


def item_of(folder: Path, number: int, config: AdaptationConfig) -> WorkItem:
    """Return what the driver of a sweep would hand to a worker."""
    manifest = SweepManifest.read(folder)
    return WorkItem(
        kind=WorkKind.TRIAL,
        number=number,
        label=f"trial {number}",
        folder=folder,
        sweep_name=manifest.name,
        launched_at=manifest.created_at,
        sweep=manifest.sweep,
        config=config,
        threads=manifest.sweep.cpus_per_trial,
        root_threads=manifest.root_threads,
        latency=LatencyTables.read(SweepFolder(folder)).of(config),
    )


def resident_mb() -> float:
    """Return this process's resident memory in 10^6 bytes (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
