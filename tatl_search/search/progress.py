"""How a sweep is getting on, heard from Ray Tune's callbacks."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ray import tune

from tatl_search.config import Objective
from tatl_search.core.pareto import Floats, hypervolume
from tatl_search.records import CandidateRecord, StopReason, TrialRecord
from tatl_search.search.searcher import MAX_ATTEMPTS
from tatl_search.search.work import Event, WorkItem, WorkKind, trial_label


@dataclass(frozen=True)
class Snapshot:
    """Where a sweep stands.

    Attributes:
        trials: trials the sweep will run.
        done: trials that ended.
        candidates: rounds evaluated, round 0 not counted.
        best: the most accurate candidate's figures; null before the first.
        hypervolume: of all candidates so far, normalised.
        elapsed_s: seconds since this driver began.
        left_s: seconds left at the pace so far; null before the first trial ended.
    """

    trials: int
    done: int
    candidates: int
    best: Mapping[str, Any] | None
    hypervolume: float
    elapsed_s: float
    left_s: float | None


Listener = Callable[[Mapping[str, Any] | None, Snapshot], None]
"""Called with the newest report (null at the start) and where the sweep stands."""


class ProgressCallback(tune.Callback):
    """Follows the reports of a sweep's workers and lets a listener show them."""

    def __init__(
        self,
        trials: int,
        told: Callable[[], int],
        objectives: Sequence[Objective],
        reference: Mapping[Objective, float],
        listener: Listener,
        stopped_for: Callable[[str], StopReason | None],
    ) -> None:
        """Begin to follow a sweep.

        Args:
            trials: that it will run.
            told: how many of them have ended, as far as the study was told.
            objectives: of the sweep.
            reference: of each cost, the unpruned network's.
            listener: hears of every report.
            stopped_for: why a trial was stopped, by Ray's name of it; null if it was not.
        """
        self._trials = trials
        self._told = told
        self._before = self._done = told()
        self._objectives = objectives
        self._reference = reference
        self._listener = listener
        self._stopped_for = stopped_for
        self._worst = np.array([0.0 if o.higher_is_better else 1.0 for o in objectives])
        self._front = np.empty((0, len(objectives)))
        self._hypervolume = 0.0
        self._candidates = 0
        self._best: Mapping[str, Any] | None = None
        self._started = time.monotonic()
        listener(None, self._snapshot())

    def recall(self, candidates: Iterable[CandidateRecord], trials: Iterable[TrialRecord]) -> None:
        """Take in what earlier drivers found; trials that run again are heard again."""
        ended = {trial.trial for trial in trials}
        for row in candidates:
            if row.trial in ended:
                self._add(vars(row))

    def announce(self, text: str) -> None:
        """Let the listener know what the driver itself is doing."""
        self._listener({"event": Event.NOTE.value, "detail": text}, self._snapshot())

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Hear a worker's report."""
        event = result.get("event")
        if event == Event.CANDIDATE:
            self._add(result)
        elif event == Event.END and result["kind"] == WorkKind.TRIAL:
            self._count_end()
        self._listener(result, self._snapshot())
        if event == Event.CANDIDATE and (reason := self._stopped_for(trial.trial_id)):
            # Its worker will not say that it ended.
            self._count_end()
            end = {"event": Event.END.value, "stop_reason": reason.value}
            label = trial_label(result["trial"])
            self._listener({**result, **end, "label": label}, self._snapshot())

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Say whose worker is lost; where it went wrong, Ray's own message says."""
        item = WorkItem.model_validate_json(trial.config["item"])
        last = item.attempt >= MAX_ATTEMPTS
        then = "given up" if last else "handed out again, to go on after its last stored network"
        self.announce(f"{item.label} lost its worker (attempt {item.attempt}): {then}")

    def _count_end(self) -> None:
        # The study is told next. A finished trial may run again, where its rows were damaged.
        self._done = min(self._told() + 1, self._trials)

    def _add(self, report: Mapping[str, Any]) -> None:
        if report["trial"] is None:
            return  # a baseline is no part of the front
        self._candidates += report["round"] > 0
        self._place(np.array([self._normalised(report, o) for o in self._objectives]))
        if self._best is None or report["accuracy"] > self._best["accuracy"]:
            self._best = report

    def _place(self, point: Floats) -> None:
        """Keep a point that no other one is as good as; the front stays short, trials do not."""
        if np.any(np.all(self._front <= point, axis=1)):
            return
        left = self._front[~np.all(point <= self._front, axis=1)]
        self._front = np.vstack([left, point])
        self._hypervolume = hypervolume(self._front, self._worst)

    def _normalised(self, report: Mapping[str, Any], objective: Objective) -> float:
        value = float(report[objective.value])
        return -value if objective.higher_is_better else value / self._reference[objective]

    def _snapshot(self) -> Snapshot:
        elapsed = time.monotonic() - self._started
        self._done = max(self._done, self._told())  # some end without a worker's report
        ended = self._done - self._before
        left = elapsed / ended * (self._trials - self._done) if ended else None
        return Snapshot(
            trials=self._trials,
            done=self._done,
            candidates=self._candidates,
            best=self._best,
            hypervolume=self._hypervolume,
            elapsed_s=elapsed,
            left_s=left,
        )

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray pickles callbacks into state that is never restored
