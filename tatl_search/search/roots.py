"""The first fine-tunings that trials share, computed before any trial asks for them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ray
from ray.exceptions import RayError

from tatl_search.errors import RunError, StorageError
from tatl_search.search.cluster import LOST, first_done, is_lost, node_cpus, ray_failed
from tatl_search.search.searcher import MAX_ATTEMPTS
from tatl_search.search.trainable import refusal, report_of
from tatl_search.search.work import Event, WorkItem, WorkKind


def compute_roots(items: Sequence[WorkItem], announce: Callable[[str], None]) -> list[str]:
    """Compute shared roots one after the other, each with a node to itself.

    Args:
        items: the roots.
        announce: told what is done, before each.

    Returns:
        Which failed, and why; trials of the others can go on.

    Raises:
        RunError: all of them failed, or Ray did.
        StorageError: the storage refused a write.
    """
    failures = []
    for item in items:
        announce(
            f"fine-tuning the {item.label} network for all trials, on {item.root_threads} CPUs"
        )
        if why := _why_it_failed(item):
            failures.append(f"{item.label}: {why}")
    if failures and len(failures) == len(items):
        raise RunError(f"the first fine-tuning failed: {'; '.join(failures)}")
    return failures


def _why_it_failed(item: WorkItem) -> str:
    """Compute a root in a Ray task; return why it failed, empty if it did not."""
    run_root = ray.remote(run_alone).options(
        # A sweep that goes on elsewhere may find smaller nodes than it began on.
        num_cpus=min(item.root_threads, node_cpus()),
        num_gpus=item.sweep.gpus,
        max_retries=MAX_ATTEMPTS - 1,
    )
    verb = "confirm" if item.kind is WorkKind.CONFIRMATION else "resume"
    go_on = f"tatl-search {verb} {item.folder}"
    try:
        report = ray.get(first_done([run_root.remote(item.model_dump(mode="json"))], go_on))
    except RayError as error:
        if is_lost():
            raise ray_failed(LOST, go_on) from error
        return f"its worker died: {error}"
    if report["event"] == Event.STORAGE_ERROR:
        raise StorageError(report["detail"])
    return str(report["detail"])


def run_alone(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Run one piece of work, as a Ray task, and return the report of its end."""
    item = WorkItem.model_validate(raw)
    return refusal(item) or report_of(item, lambda _: None)
