"""What a sweep has spent, and which of its budgets that uses up."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tatl_search.config import SweepSettings
from tatl_search.core.expense import Cost, Experience, Planned, Reached
from tatl_search.core.goals import Goals
from tatl_search.core.growth import is_stale
from tatl_search.figures import Figures
from tatl_search.records import SCHEMA_VERSION, CandidateRecord, StopReason, TrialRecord
from tatl_search.search.report import CandidateReport
from tatl_search.search.work import trial_label

LOG_AREA_SINCE = 7
"""A sweep that was launched before this version of what is stored goes on by the linear area: one
that `budget.stale` had ended stays ended."""

Network = CandidateReport | CandidateRecord
"""What tells of a network: a worker's report of it, or its row."""


@dataclass
class _Tally:
    """What a piece of work that has not ended has brought and paid for.

    Attributes:
        reached: how far it has come.
        deepest: the last round that was counted.
        rounds: images through backward of its rounds.
        work_s: seconds of training and evaluation.
    """

    reached: Reached
    deepest: int = -1
    rounds: int = 0
    work_s: float = 0.0


class Account:
    """Counts what a sweep spends as its workers report it, and what earlier drivers spent.

    Each network is counted once, by its label, as its row is: a trial that comes by again pays
    for nothing twice.

    Attributes:
        experience: what was learnt of what work costs.
        has_trials: whether a trial has brought a network, or ended without.
    """

    def __init__(
        self,
        sweep: SweepSettings,
        goals: Goals,
        seconds_before: float,
        version: int = SCHEMA_VERSION,
    ) -> None:
        """Open the account of a sweep.

        Args:
            sweep: its settings.
            goals: of the sweep, which say what its front is worth.
            seconds_before: wall-clock of earlier drivers, and of this one until now.
            version: of what is stored when the sweep was launched.
        """
        self._budget = sweep.budget
        self._gpus = sweep.gpus
        self._goals = goals
        self._started = time.monotonic() - seconds_before
        self._counted: set[str] = set()
        self._images = 0
        self._work_s = 0.0
        self._tallies: dict[str, _Tally] = {}
        self._running: dict[int, list[Figures]] = {}
        self._ended: list[Figures] = []
        self._areas: list[float] = []
        is_older = version < LOG_AREA_SINCE
        self._area, self._area_name = (
            (goals.area, "area") if is_older else (goals.log_area, "log area")
        )
        self.experience = Experience()
        self.has_trials = False

    @property
    def seconds(self) -> float:
        """Wall-clock of all drivers so far."""
        return time.monotonic() - self._started

    def recall(
        self,
        candidates: Sequence[CandidateRecord],
        trials: Iterable[TrialRecord],
        plans: Mapping[int, Planned] | None = None,
    ) -> None:
        """Count what is stored, in the order in which trials ended.

        Args:
            candidates: all rows.
            trials: those that ended.
            plans: what trials were expected to need, by number, to learn from.
        """
        for record in candidates:
            self.hear(record)
        for ended in sorted(trials, key=lambda trial: (trial.created_at, trial.trial)):
            by_budget = ended.stop_reason is StopReason.BUDGET
            plan = None if by_budget else (plans or {}).get(ended.trial)
            self.trial_ended(ended.trial, plan, ended.seconds)
            self.has_trials = True
        self._running.clear()  # what did not end is reported again

    def hear(self, network: Network) -> None:
        """Count a network that a worker reports, or that is stored."""
        trial, is_new = network.trial, network.label not in self._counted
        images, seconds = network.images_trained, network.seconds
        if is_new:
            self._counted.add(network.label)
            self._images += images
            self._work_s += seconds
            self.experience.hear_network(images, seconds, trial is not None)
        self._reach(network, is_new)
        if trial is not None:
            self.has_trials = True
            self._running.setdefault(trial, []).append(network)
        elif is_new:
            self._ended.append(network)

    def _reach(self, row: Network, is_new: bool) -> None:
        pieces, number = row.finished, row.round
        reached = Reached(number - pieces, pieces, prunes=row.stop_reason is None)
        tally = self._tallies.setdefault(_name(row), _Tally(reached))
        if number >= tally.deepest:
            tally.reached, tally.deepest = reached, number
        if is_new:
            tally.work_s += row.seconds
            tally.rounds += 0 if pieces or not number else row.images_trained

    def trial_ended(self, trial: int, plan: Planned | None = None, wall_s: float = 0.0) -> None:
        """Count the networks of a trial as found, whatever its end was.

        Args:
            trial: its number.
            plan: what it was expected to need, to learn from; null where its end tells nothing.
            wall_s: seconds from its start to its end.
        """
        tally = self._tallies.pop(trial_label(trial), None)
        if tally is not None and plan is not None:
            self.experience.hear_trial(plan, tally.rounds, tally.work_s, wall_s)
        self._ended.extend(self._running.pop(trial, []))
        if self._budget.stale is not None:
            # Of what is beaten no area hangs: what is left stays short, however long the sweep.
            on_front = self._goals.on_front(self._ended)
            self._ended = [row for row, on in zip(self._ended, on_front, strict=True) if on]
            self._areas.append(self._area(self._ended))

    def reached(self, name: str) -> Reached | None:
        """Return how far work of this name has come; null without a network, or when it ended."""
        tally = self._tallies.get(name)
        return tally.reached if tally else None

    def is_deepest(self, report: CandidateReport) -> bool:
        """Whether no later network of a reported trial is stored."""
        tally = self._tallies.get(_name(report))
        return tally is None or report.round >= tally.deepest

    @property
    def is_limited(self) -> bool:
        """Whether there is a bound on what the sweep may spend."""
        budget = self._budget
        return any(
            limit is not None for limit in (budget.minutes, budget.images_trained, budget.gpu_hours)
        )

    def exceeded(self, more: Cost) -> str | None:
        """Return which budget would not hold so much more, in words; null where all would.

        Args:
            more: what is added; with no cost at all, a budget that is just used up does not hold.
        """
        for name, spent, added, limit, digits in self._limits(more):
            if limit is not None and (spent + added > limit or spent >= limit):
                bound = f"{limit:,}" if isinstance(limit, int) else f"{limit:g}"
                needed = f" (about {added:,.{digits}f} more needed)" if spent < limit else ""
                return f"budget.{name}: {spent:,.{digits}f} of {bound}{needed}"
        return None

    def _limits(self, more: Cost) -> Iterable[tuple[str, float, float, float | None, int]]:
        """Yield name, what is spent, what is added, limit and digits of each bound."""
        budget, hours = self._budget, self._gpus / 3600
        yield "minutes", self.seconds / 60, more.wall_s / 60, budget.minutes, 1
        yield "images_trained", self._images, more.images, budget.to_search, 0
        yield "gpu_hours", hours * self._work_s, hours * more.work_s, budget.gpu_hours, 2

    @property
    def share_spent(self) -> float:
        """The share that is spent of the bound that is nearest; 0 where there is none."""
        every = ((spent, limit) for _, spent, _, limit, _ in self._limits(Cost()))
        return max((spent / limit for spent, limit in every if limit is not None), default=0.0)

    @property
    def used_up(self) -> str | None:
        """Which budget is used up, in words; null while there is some left of all."""
        if (spent := self.exceeded(Cost())) is not None:
            return spent
        stale = self._budget.stale
        if stale is not None and is_stale(self._areas, stale.trials, stale.growth):
            share = f"{100 * stale.growth:g} %"
            return (
                f"budget.stale: the {self._area_name} grew by less than {share} in {stale.trials}"
                " trials"
            )
        return None


def _name(row: Network) -> str:
    """Return the label of the piece of work that brought a network."""
    return row.label if row.trial is None else trial_label(row.trial)
