"""What a sweep has spent, and which of its budgets that uses up."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tatl_search.config import SweepSettings
from tatl_search.core.growth import is_stale
from tatl_search.core.pareto import area_under_front
from tatl_search.records import CandidateRecord, TrialRecord
from tatl_search.search.work import Event


class Account:
    """Counts what a sweep spends as its workers report it, and what earlier drivers spent.

    Each network is counted once, by its label, as its row is: a trial that comes by again pays
    for nothing twice.
    """

    def __init__(self, sweep: SweepSettings, macs: float, seconds_before: float) -> None:
        """Open the account of a sweep.

        Args:
            sweep: its settings.
            macs: of the unpruned network: the area under the front is over shares of it.
            seconds_before: wall-clock of earlier drivers.
        """
        self._budget = sweep.budget
        self._gpus = sweep.gpus
        self._macs = macs
        self._started = time.monotonic() - seconds_before
        self._counted: set[str] = set()
        self._images = 0
        self._work_s = 0.0
        self._running: dict[int, list[tuple[float, float]]] = {}
        self._ended: list[tuple[float, float]] = []
        self._areas: list[float] = []

    @property
    def seconds(self) -> float:
        """Wall-clock of all drivers so far."""
        return time.monotonic() - self._started

    def recall(self, candidates: Sequence[CandidateRecord], trials: Iterable[TrialRecord]) -> None:
        """Count what is stored, in the order in which trials ended."""
        for record in candidates:
            self._count(record.label, record.images_trained, record.seconds)
            if record.trial is not None:
                self._place(record.trial, record.accuracy, record.macs)
        for ended in sorted(trials, key=lambda trial: (trial.created_at, trial.trial)):
            self.trial_ended(ended.trial)
        self._running.clear()  # what did not end is reported again

    def hear(self, report: Mapping[str, Any]) -> None:
        """Count a worker's report."""
        if report.get("event") != Event.CANDIDATE:
            return
        self._count(report["label"], report["images_trained"], report["seconds"])
        if report["trial"] is not None:
            self._place(report["trial"], report["accuracy"], report["macs"])

    def _count(self, label: str, images: int, seconds: float) -> None:
        if label not in self._counted:
            self._counted.add(label)
            self._images += images
            self._work_s += seconds

    def _place(self, trial: int, accuracy: float, macs: float) -> None:
        self._running.setdefault(trial, []).append((accuracy, macs / self._macs))

    def trial_ended(self, trial: int) -> None:
        """Count the networks of a trial as found, whatever its end was."""
        self._ended.extend(self._running.pop(trial, []))
        if self._budget.stale is not None:
            accuracy, share = np.array(self._ended).reshape(-1, 2).T
            self._areas.append(area_under_front(accuracy, share) if self._ended else 0.0)

    @property
    def used_up(self) -> str | None:
        """Which budget is used up, in words; null while there is some left of all."""
        budget = self._budget
        minutes, gpu_hours = self.seconds / 60, self._gpus * self._work_s / 3600
        if budget.minutes is not None and minutes >= budget.minutes:
            return f"budget.minutes: {minutes:.1f} of {budget.minutes:g}"
        if budget.images_trained is not None and self._images >= budget.images_trained:
            return f"budget.images_trained: {self._images:,} of {budget.images_trained:,}"
        if budget.gpu_hours is not None and gpu_hours >= budget.gpu_hours:
            return f"budget.gpu_hours: {gpu_hours:.2f} of {budget.gpu_hours:g}"
        stale = budget.stale
        if stale is not None and is_stale(self._areas, stale.trials, stale.growth):
            share = f"{100 * stale.growth:g} %"
            return f"budget.stale: the area grew by less than {share} in {stale.trials} trials"
        return None
