"""What a worker tells its driver, typed on both sides of Ray's border."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from tatl_search.adaptation.following import TrainingProgress
from tatl_search.figures import Figures, fields_of
from tatl_search.records import CandidateRecord, StopReason
from tatl_search.search.work import WorkItem, WorkKind


class Event(StrEnum):
    """What a report is about."""

    NOTE = "note"
    TRAINING = "training"
    CANDIDATE = "candidate"
    END = "end"
    FAILED = "failed"
    NOT_SHARED = "not_shared"
    STORAGE_ERROR = "storage_error"


@dataclass(frozen=True, kw_only=True)
class TrainingReport:
    """A first fine-tuning gets on.

    Attributes:
        label: of the work that needs it.
        done: epochs that are through, with the share of the one that runs.
        epochs: of all of it.
        accuracy: training accuracy of the last whole epoch; null in the first.
        left_s: seconds left at the pace so far; null where nothing is done.
    """

    event: Literal[Event.TRAINING] = Event.TRAINING
    label: str
    done: float
    epochs: int
    accuracy: float | None
    left_s: float | None

    @classmethod
    def of(cls, progress: TrainingProgress, item: WorkItem) -> "TrainingReport":
        """Return the report of how a piece of work gets on."""
        return cls(
            label=item.label,
            done=progress.done,
            epochs=progress.epochs,
            accuracy=progress.accuracy,
            left_s=progress.left_s,
        )


@dataclass(frozen=True, kw_only=True)
class CandidateReport(Figures):
    """A network was evaluated and its row is stored.

    Attributes:
        label: as in the row.
        trial: number of the trial; null for what no trial produced.
        round: 0 for the fine-tuned unpruned network.
        stage: key of the stage that holds the network.
        same_as: label by which the driver heard of the network before; null where it is new.
        finished: pieces of finishing after the last pruning.
        max_rounds: the most rounds that the trial may take.
        images_trained: images through backward, paid for by the row.
        seconds: wall-clock spent on the row.
        stop_reason: criterion that ended the pruning; null while it is pruned on.
        pid: process of the worker, on its node.
    """

    event: Literal[Event.CANDIDATE] = Event.CANDIDATE
    label: str
    trial: int | None
    round: int
    stage: str
    same_as: str | None = None
    finished: int
    max_rounds: int
    images_trained: int
    seconds: float
    stop_reason: StopReason | None
    pid: int = field(default_factory=os.getpid)

    @classmethod
    def of(cls, record: CandidateRecord, item: WorkItem) -> "CandidateReport":
        """Return the report of a stored row of a piece of work."""
        return cls(
            **fields_of(Figures, record),
            label=record.label,
            trial=record.trial,
            round=record.round,
            stage=record.stage,
            finished=record.finished,
            max_rounds=item.config.ending.max_rounds,
            images_trained=record.images_trained,
            seconds=record.seconds,
            stop_reason=record.stop_reason,
        )


@dataclass(frozen=True, kw_only=True)
class EndReport:
    """A piece of work ended by itself.

    Attributes:
        kind: of the work.
        label: how people know the work.
        last: its last network; null where there is none.
        stop_reason: criterion that ended it; null where there is no usable network.
        infeasible_reason: value of `errors.InfeasibleReason`; null where there is one.
        detail: for people: what happened.
        images_without_reuse: images through backward that it would have paid for, had it shared
            nothing.
    """

    event: Literal[Event.END] = Event.END
    kind: WorkKind
    label: str
    last: CandidateReport | None = None
    stop_reason: StopReason | None = None
    infeasible_reason: str | None = None
    detail: str = ""
    images_without_reuse: int = 0


@dataclass(frozen=True, kw_only=True)
class MessageReport:
    """Something that people should know, or that kept a piece of work from its end.

    Attributes:
        detail: for people.
        node: Ray's id of the node that cannot do the work; null where any can.
    """

    event: Literal[Event.NOTE, Event.FAILED, Event.NOT_SHARED, Event.STORAGE_ERROR]
    detail: str
    node: str | None = None


Report = TrainingReport | CandidateReport | EndReport | MessageReport

_ADAPTER: TypeAdapter[Report] = TypeAdapter(Annotated[Report, Field(discriminator="event")])

_KEY = "report"


def to_dict(report: Report) -> dict[str, Any]:
    """Return what Ray carries: one string, since it flattens and keeps accounts of the rest."""
    return {_KEY: json.dumps(_ADAPTER.dump_python(report, mode="json"))}


def from_dict(result: Mapping[str, Any] | None) -> Report | None:
    """Return the report in what Ray carried, beside what Ray itself says; null where it has none.

    Ray also answers for workers that died, with results of its own.
    """
    if not result or _KEY not in result:
        return None
    return _ADAPTER.validate_python(json.loads(result[_KEY]))
