"""Pieces of work that no study proposed, as Ray tasks: retried, and only where they can run."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeAlias

import ray
from ray.exceptions import RayError

from tatl_search.adaptation.following import TrainingProgress
from tatl_search.errors import StorageError
from tatl_search.search.cluster import (
    LOST,
    elsewhere,
    first_done,
    is_lost,
    node_cpus,
    nodes_for_trials,
    ray_failed,
)
from tatl_search.search.report import EndReport, Event, MessageReport, TrainingReport
from tatl_search.search.searcher import MAX_ATTEMPTS
from tatl_search.search.trainable import refusal, report_of
from tatl_search.search.work import WorkItem

Reports: TypeAlias = Iterator["ray.ObjectRef[TrainingReport | EndReport | MessageReport]"]
"""What a task says, one report after the other."""


def run_tasks(
    items: Sequence[WorkItem],
    at_once: Callable[[], int],
    cpus: int,
    announce: Callable[[str], None],
    go_on: str,
    hear: Callable[[TrainingReport], None] = lambda _: None,
) -> list[str]:
    """Run pieces of work, each at most three times, away from nodes that do not see the folder.

    Args:
        items: what to do, in this order.
        at_once: how many may run at the same time.
        cpus: how many a piece takes; all of a node where none has as many.
        announce: told of nodes that are left out.
        go_on: the command that goes on with the work, for people.
        hear: told how first fine-tunings get on.

    Returns:
        Which failed, and why.

    Raises:
        StorageError: the storage refused a write, or no node sees the folder.
        RunError: Ray failed.
    """
    waiting, failures = deque(items), []
    running: dict[Reports, WorkItem] = {}
    refusing: set[str] = set()
    while waiting or running:
        while waiting and len(running) < at_once():
            item = waiting.popleft()
            running[_start(item, cpus, refusing)] = item
        reports = first_done(list(running), go_on)
        report = _next(reports, go_on)
        if isinstance(report, TrainingReport):
            hear(report)
            continue
        item = running.pop(reports)
        if report.event is Event.STORAGE_ERROR:
            raise StorageError(report.detail)
        if report.event is Event.NOT_SHARED:
            announce(report.detail)
            refusing.add(str(report.node))
            if not nodes_for_trials(refusing):
                raise StorageError(report.detail)
            waiting.appendleft(item)
        elif report.event is Event.FAILED and item.attempt < MAX_ATTEMPTS:
            waiting.append(item.model_copy(update={"attempt": item.attempt + 1}))
        elif report.detail:
            failures.append(f"{item.label}: {report.detail}")
    return failures


def warm_up() -> None:
    """Let a worker import what a piece of work needs, beside the checks that come before one.

    Ray gives its process to the next task. Trials have processes of their own.
    """
    ray.remote(_imported).options(max_retries=0).remote()


def _imported() -> None:
    """Do nothing: to be found, this module and all it needs was imported."""


def _start(item: WorkItem, cpus: int, refusing: Collection[str]) -> Reports:
    task: Any = ray.remote(run_alone).options(
        # A sweep that goes on elsewhere may find smaller nodes than it began on.
        num_cpus=min(cpus, node_cpus(refusing)),
        num_gpus=item.sweep.gpus,
        max_retries=0,
        label_selector=elsewhere(refusing),
    )
    reports: Reports = task.remote(item.model_dump(mode="json"))
    return reports


def _next(reports: Reports, go_on: str) -> TrainingReport | EndReport | MessageReport:
    """Return a task's next report; the last of one whose worker died is that it failed."""
    try:
        return ray.get(next(reports))
    except RayError as error:
        if is_lost():
            raise ray_failed(LOST, go_on) from error
        return MessageReport(event=Event.FAILED, detail=f"its worker died: {error}")


def run_alone(raw: Mapping[str, Any]) -> Iterator[TrainingReport | EndReport | MessageReport]:
    """Run one piece of work, as a Ray task; yield how it gets on, and last the report of its end.

    The work has a thread of its own, which need not wait until anybody hears of it.
    """
    item = WorkItem.model_validate(raw)
    said: SimpleQueue[TrainingReport | EndReport | MessageReport] = SimpleQueue()

    def hear(progress: TrainingProgress) -> None:
        said.put(TrainingReport.of(progress, item))

    def work() -> None:
        end: EndReport | MessageReport = MessageReport(event=Event.FAILED, detail="it was ended")
        try:
            end = refusal(item) or report_of(item, lambda _: None, hear=hear)
        finally:
            said.put(end)

    Thread(target=work, daemon=True).start()
    while isinstance(report := said.get(), TrainingReport):
        yield report
    yield report
