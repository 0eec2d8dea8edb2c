"""What a worker does with a piece of work: adapt, store rows, and let a listener hear."""

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime

import torch

from tatl_search.adaptation import opening
from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.following import Hear
from tatl_search.adaptation.key_forms import key_form
from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import in_silence
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import store_settings
from tatl_search.errors import InfeasibleError, InfeasibleReason, InputError
from tatl_search.manifest import SweepFolder
from tatl_search.nets.memory import out_of_memory_is_infeasible
from tatl_search.records import CandidateRecord, Kind, StopReason, TrialRecord, TrialState
from tatl_search.remote.mirror import Mirror
from tatl_search.search.report import CandidateReport, EndReport
from tatl_search.search.work import WorkItem, WorkKind
from tatl_search.tracking.parquet import ParquetTracker

OF_A_TRIAL = (WorkKind.TRIAL, WorkKind.CONFIRMATION)


def run_item(
    item: WorkItem,
    listener: Callable[[CandidateRecord], None],
    alive: Callable[[], None] = in_silence,
    hear: Hear | None = None,
) -> EndReport:
    """Run one piece of work; every candidate is stored before the listener hears of it.

    Args:
        item: what to do.
        listener: hears of every candidate.
        alive: called as a sign of life.
        hear: told how a first fine-tuning gets on; null where nobody listens.

    Returns:
        The report of the end: the last network, and why it is the last.

    Raises:
        StorageError: the sweep's folder cannot be written.
    """
    torch.set_num_threads(item.threads)
    started = time.perf_counter()
    rows = ParquetTracker(SweepFolder(item.folder), _mirror(item, alive))
    last: CandidateRecord | None = None
    without_reuse = 0
    stop_reason: StopReason | None = None
    infeasible: InfeasibleError | None = None
    try:
        with out_of_memory_is_infeasible("the adaptation"):
            bench = dataclasses.replace(open_workbench(item, alive), hear=hear)
            for candidate in adapt(bench):
                last = record_of(candidate, item)
                without_reuse += last.images_without_reuse
                rows.candidate(last)
                listener(last)
                stop_reason = candidate.stop_reason
        _check_usable(item, last, len(bench.target.class_names))
    except InfeasibleError as error:
        # Without its frames: they would keep the network that did not fit.
        infeasible = InfeasibleError(error.reason, error.detail)
    except InputError as error:
        infeasible = InfeasibleError(InfeasibleReason.FAILED, str(error))
    ended = _trial_record(item, last, stop_reason, infeasible, time.perf_counter() - started)
    if item.kind is WorkKind.TRIAL:
        rows.trial(ended)
    rows.settle()
    return EndReport(
        kind=item.kind,
        label=item.label,
        last=CandidateReport.of(last, item) if last else None,
        stop_reason=ended.stop_reason,
        infeasible_reason=ended.infeasible_reason,
        detail=ended.detail,
        images_without_reuse=without_reuse,
    )


def open_workbench(item: WorkItem, alive: Callable[[], None] = in_silence) -> Workbench:
    """Return the workbench of a piece of work, its target data opened."""
    folder, mirror = SweepFolder(item.folder), _mirror(item, alive)
    return dataclasses.replace(
        opening.open_workbench(folder, item.config, item.owner, mirror, alive),
        device=item.device,
        threads=item.threads,
        root_threads=item.root_threads,
        latency=item.latency,
        key_form=key_form(item.code_version),
    )


def record_of(candidate: Candidate, item: WorkItem) -> CandidateRecord:
    """Return the row of a candidate of this piece of work."""
    trial = item.number if item.kind in OF_A_TRIAL else None
    record = candidate.record(item.config, item.sweep_name, trial)
    match item.kind:
        case WorkKind.TRIAL:
            return record
        case WorkKind.REFERENCE:
            return dataclasses.replace(record, label=item.label)
        case WorkKind.BASELINE:
            return dataclasses.replace(record, kind=Kind.BASELINE, label=item.label)
        case WorkKind.BASELINE_AGAIN:
            return dataclasses.replace(record, kind=Kind.CONFIRMATION, label=item.label)
        case WorkKind.CONFIRMATION:
            label = f"{record.label}, seed {item.config.seed}"
            return dataclasses.replace(record, kind=Kind.CONFIRMATION, label=label)
        case WorkKind.ROOT:
            # No trial asked for it: what the trials save by it is what they would have trained.
            return dataclasses.replace(record, label=item.label, images_without_reuse=0)


def _check_usable(item: WorkItem, last: CandidateRecord | None, classes: int) -> None:
    floor = item.sweep.collapse_accuracy / classes
    if item.kind is WorkKind.TRIAL and last is not None and not last.accuracy >= floor:
        raise InfeasibleError(
            InfeasibleReason.COLLAPSED,
            f"accuracy {last.accuracy:.3f} in round {last.round}; guessing gives {1 / classes:.3f}",
        )


def _mirror(item: WorkItem, alive: Callable[[], None]) -> Mirror | None:
    return None if item.uri is None else Mirror(item.folder, item.uri, alive)


def _trial_record(
    item: WorkItem,
    last: CandidateRecord | None,
    stop_reason: StopReason | None,
    infeasible: InfeasibleError | None,
    seconds: float,
) -> TrialRecord:
    return TrialRecord(
        sweep=item.sweep_name,
        trial=item.number,
        state=TrialState.INFEASIBLE if infeasible else TrialState.COMPLETE,
        stop_reason=None if infeasible else stop_reason,
        infeasible_reason=infeasible.reason.value if infeasible else None,
        detail=infeasible.detail if infeasible else "",
        rounds=last.round if last else 0,
        attempts=item.attempt,
        settings=store_settings(item.config),
        seconds=seconds,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
