"""How a sweep is getting on, heard from Ray Tune's callbacks."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ray import tune

from tatl_search.core.goals import Goals
from tatl_search.figures import Figures
from tatl_search.records import CandidateRecord, StopReason, TrialRecord
from tatl_search.search.report import (
    CandidateReport,
    EndReport,
    Event,
    MessageReport,
    Report,
    TrainingReport,
    from_dict,
)
from tatl_search.search.searcher import MAX_ATTEMPTS
from tatl_search.search.work import WorkItem, WorkKind, trial_label


@dataclass(frozen=True)
class Snapshot:
    """Where a sweep stands.

    Attributes:
        trials: trials the sweep will run at most.
        done: trials that ended.
        candidates: rounds evaluated, round 0 not counted.
        best: the best candidate by the goals' quality; null before the first.
        log_area: of the front of all candidates so far, what decides.
        area: of the same, from a tenth of the cost.
        elapsed_s: seconds since this driver began.
        left_s: seconds left at the pace so far; null before the first trial ended.
        spent: share of the sweep's budget that is spent; 0 where it has none.
    """

    trials: int
    done: int
    candidates: int
    best: Figures | None
    log_area: float
    area: float
    elapsed_s: float
    left_s: float | None
    spent: float = 0.0

    @property
    def share(self) -> float:
        """The share of the sweep that is done, by its trials or by its budget."""
        return min(1.0, max(self.done / max(1, self.trials), self.spent))


Listener = Callable[[Report | None, Snapshot], None]
"""Called with the newest report (null at the start) and where the sweep stands."""


class ProgressCallback(tune.Callback):
    """Follows the reports of a sweep's workers and lets a listener show them."""

    def __init__(
        self,
        trials: int,
        told: Callable[[], int],
        goals: Goals,
        listener: Listener,
        stopped_for: Callable[[str], StopReason | None],
        spent: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Begin to follow a sweep.

        Args:
            trials: that it will run.
            told: how many of them have ended, as far as the study was told.
            goals: of the sweep.
            listener: hears of every report.
            stopped_for: why a trial was stopped, by Ray's name of it; null if it was not.
            spent: share of the budget that is spent; 0 where there is none.
        """
        self._trials = trials
        self._told = told
        self._before = self._done = told()
        self._goals = goals
        self._listener = listener
        self._stopped_for = stopped_for
        self._spent = spent
        self._front: list[Figures] = []
        self._candidates = 0
        self._best: Figures | None = None
        self._first_labels: dict[str, str] = {}
        self._started = time.monotonic()
        self._share_before = 0.0
        self._share_before = self._snapshot().share
        listener(None, self._snapshot())

    def recall(self, candidates: Iterable[CandidateRecord], trials: Iterable[TrialRecord]) -> None:
        """Take in what earlier drivers found; trials that run again are heard again."""
        ended = {trial.trial for trial in trials}
        for row in candidates:
            self._first_labels.setdefault(row.stage, row.label)
            if row.trial is None or row.trial in ended:
                self._add(row)
        self._share_before = self._snapshot().share

    def announce(self, text: str) -> None:
        """Let the listener know what the driver itself is doing."""
        self._listener(MessageReport(event=Event.NOTE, detail=text), self._snapshot())

    def hear_training(self, report: TrainingReport) -> None:
        """Let the listener know how a first fine-tuning gets on."""
        self._listener(report, self._snapshot())

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Hear a worker's report; a network that was heard of before is marked as such."""
        report = from_dict(result)
        if report is None:
            return
        if isinstance(report, CandidateReport):
            self._add(report)
            report = replace(report, same_as=self._first_labels.get(report.stage))
            self._first_labels.setdefault(report.stage, report.label)
        elif isinstance(report, EndReport) and report.kind is WorkKind.TRIAL:
            self._count_end()
        self._listener(report, self._snapshot())
        if isinstance(report, CandidateReport) and (reason := self._stopped_for(trial.trial_id)):
            self._end(report, reason)

    def _end(self, last: CandidateReport, reason: StopReason) -> None:
        """Tell of a trial that was stopped: its worker will not say that it ended."""
        self._count_end()
        label = last.label if last.trial is None else trial_label(last.trial)
        end = EndReport(kind=WorkKind.TRIAL, label=label, last=last, stop_reason=reason)
        self._listener(end, self._snapshot())

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Say whose worker is lost; where it went wrong, Ray's own message says."""
        item = WorkItem.model_validate_json(trial.config["item"])
        last = item.attempt >= MAX_ATTEMPTS
        then = "given up" if last else "handed out again, to go on after its last stored network"
        self.announce(f"{item.label} lost its worker (attempt {item.attempt}): {then}")

    def _count_end(self) -> None:
        # The study is told next. A finished trial may run again, where its rows were damaged.
        self._done = min(self._told() + 1, self._trials)

    def _add(self, found: CandidateReport | CandidateRecord) -> None:
        self._candidates += found.round > 0
        self._place(found)
        quality = self._goals.quality
        if self._best is None or quality.of(found) > quality.of(self._best):
            self._best = found

    def _place(self, found: Figures) -> None:
        """Keep a network that no other one is as good as; the front stays short, trials do not."""
        front, (point,) = self._goals.minimised(self._front), self._goals.minimised([found])
        if np.isnan(point).any() or np.any(np.all(front <= point, axis=1)):
            return
        beaten = np.all(point <= front, axis=1)
        left = [row for row, is_beaten in zip(self._front, beaten, strict=True) if not is_beaten]
        self._front = [*left, found]

    def _snapshot(self) -> Snapshot:
        elapsed = time.monotonic() - self._started
        self._done = max(self._done, self._told())  # some end without a worker's report
        snapshot = Snapshot(
            trials=self._trials,
            done=self._done,
            candidates=self._candidates,
            best=self._best,
            log_area=self._goals.log_area(self._front),
            area=self._goals.area(self._front),
            elapsed_s=elapsed,
            left_s=None,
            spent=self._spent(),
        )
        gone = snapshot.share - self._share_before
        if self._done == self._before or gone <= 0.0:
            return snapshot
        return replace(snapshot, left_s=elapsed * (1.0 - snapshot.share) / gone)

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray pickles callbacks into state that is never restored
