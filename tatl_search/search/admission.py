"""Which work fits into what is left of a sweep's budget, and which ends since nothing is left."""

from collections.abc import Callable
from dataclasses import replace

from tatl_search.core.expense import Cost, Planned
from tatl_search.search.account import Account
from tatl_search.search.report import CandidateReport
from tatl_search.search.work import WorkItem, WorkKind, trial_label


class Admission:
    """Holds a sweep to its budget: work begins only if it fits, and ends where it is used up.

    Attributes:
        account: what the sweep has spent.
    """

    def __init__(self, account: Account, plan_of: Callable[[WorkItem], Planned]) -> None:
        """Prepare to admit work.

        Args:
            account: what the sweep has spent.
            plan_of: says what a piece of work needs if nothing ends it early; only asked where
                there is a bound on what the sweep may spend.
        """
        self.account = account
        self._plan_of = plan_of
        self._plans: dict[str, Planned] = {}
        self._trials: set[str] = set()

    def lacking(self, item: WorkItem) -> str | None:
        """Return the budget that a piece of work does not fit into, in words; null if it may begin.

        The first trial always may, and so may a trial that has networks: what it still does is
        held to the budget when it reports.
        """
        if not self.account.is_limited:
            return None
        goes_on = self.account.reached(item.label) is not None
        if item.kind is WorkKind.TRIAL and (self._waits_for_first or goes_on):
            return None
        expected = self.account.experience.expect(self._plan_of(item))
        return self.account.exceeded(expected + self._outstanding())

    @property
    def _waits_for_first(self) -> bool:
        return not (self.account.has_trials or self._trials)

    @property
    def is_open(self) -> bool:
        """Whether new trials may be proposed: no budget is used up, or none has begun."""
        return self.account.used_up is None or self._waits_for_first

    def _outstanding(self) -> Cost:
        """Return what the work that runs is still expected to cost; it takes no time of others."""
        total = Cost()
        for label, plan in self._plans.items():
            reached = self.account.reached(label)
            total += self.account.experience.expect(plan, reached)
        return replace(total, wall_s=0.0)

    def begin(self, item: WorkItem) -> None:
        """Count a piece of work among those that run."""
        if self.account.is_limited:
            self._plans[item.label] = self._plan_of(item)
        if item.kind is WorkKind.TRIAL:
            self._trials.add(item.label)

    def leave(self, item: WorkItem) -> None:
        """Count a piece of work no longer among those that run; it may begin again."""
        self._plans.pop(item.label, None)
        self._trials.discard(item.label)

    def end(self, item: WorkItem, wall_s: float, by_budget: bool = False) -> None:
        """Count the end of a trial, and learn from it unless the budget ended it.

        Args:
            item: the trial.
            wall_s: seconds from its start to its end.
            by_budget: whether it would have gone on.
        """
        plan = self._plans.pop(item.label, None)
        self.account.has_trials = True
        self.account.trial_ended(item.number, None if by_budget else plan, wall_s)

    def ends(self, report: CandidateReport) -> bool:
        """Whether a trial ends with a reported network, since a budget is used up.

        One that has stored networks ahead goes on up to the last of them, which costs nothing.
        """
        if report.trial is None:
            return False
        plan = self._plans.get(trial_label(report.trial))
        if plan is None or self.account.exceeded(Cost()) is None:
            return False
        is_last = report.stop_reason is not None and report.finished >= plan.pieces
        return not is_last and self.account.is_deepest(report)
