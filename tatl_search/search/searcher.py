"""Ray Tune's Searcher: hands out work, and tells the study how it ended.

`OptunaSearch` is not enough: it tells the last report only, drops constraints, leaves a trial
with a missing metric running for ever, and lets two sweeps share one study.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ray.tune.search import Searcher

from tatl_search.config import store_settings
from tatl_search.errors import InfeasibleReason
from tatl_search.records import StopReason, TrialRecord, TrialState
from tatl_search.search.admission import Admission
from tatl_search.search.cluster import nodes_for_trials
from tatl_search.search.refusal import RefusedTrialError
from tatl_search.search.report import (
    CandidateReport,
    EndReport,
    Event,
    MessageReport,
    from_dict,
)
from tatl_search.search.study import Proposal, SweepStudy
from tatl_search.search.work import WorkItem, WorkKind
from tatl_search.tracking.parquet import ParquetTracker

MAX_ATTEMPTS = 3
"""A trial that fails or ends its worker this often is told as infeasible."""

RUN_LENGTH = 1000
"""Pieces of work that one Ray Tune run does: its driver keeps everything of each it has done."""

OF_NO_TRIAL = (WorkKind.BASELINE, WorkKind.REFERENCE)

TRIES = 10
"""Trials in a row that may turn out too long for what is left of a budget: it then ends."""

PATIENCE_S = 0.02
"""Reports of those that work wait this long at most for a proposal.

Ray asks again when it hears from a worker, or after 0.1 s: a quick proposal is worth waiting for.
"""


class WorkSearcher(Searcher):
    """Hands out work aside from the study first, then trials that did not end, then new ones.

    Aside from the study are baselines, unpruned networks that no trial waits for, and finished
    trials whose rows were damaged.

    Retrying is done here and not by Ray, so that one rule counts the attempts of a trial whether
    its worker, its node or the driver died.

    Work that does not fit into the sweep's budget is not handed out. A trial waits while others
    run, which may leave more of it than was expected; then it is dropped, and after `TRIES` of
    them the sweep ends.

    The study is asked in a thread of its own, since a sampler may take seconds. Nothing else is
    handed out meanwhile, so that a sweep of one trial at a time goes the same way each time.

    Attributes:
        fatal: what makes going on pointless, such as full storage.
        error: what the searcher itself raised; nothing is handed out any more.
        failures: what of the first could not be computed, and why.
        nothing_fits: the budget that held none of the last trials proposed, in words; null while
            trials are handed out.
    """

    def __init__(
        self,
        study: SweepStudy,
        aside: Sequence[WorkItem],
        item_of: Callable[[Proposal], WorkItem],
        parquet: ParquetTracker,
        slots: Callable[[], int],
        admission: Admission,
        stopped_for: Callable[[str], StopReason | None],
        later: Sequence[tuple[int, WorkItem]] = (),
    ) -> None:
        """Prepare to hand out work.

        Args:
            study: what proposes trials and is told how they ended.
            aside: work that the study knows nothing of.
            item_of: makes a piece of work of a proposal.
            parquet: stores the rows of trials that cannot do it themselves.
            slots: how many trials may run at once.
            admission: says what fits into the budget.
            stopped_for: why a trial was stopped, by Ray's name of it; null if it was not.
            later: more work aside, each after so many trials were handed out, in this order.
        """
        super().__init__()
        self._study = study
        self._again: deque[int] = deque(study.unfinished())
        self._aside = deque(aside)
        self._later = deque(later)
        self._item_of = item_of
        self._parquet = parquet
        self._slots = slots
        self._admission = admission
        self._stopped_for = stopped_for
        self._live: dict[str, WorkItem] = {}
        self._handed_out = 0
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._proposal: Future[Proposal] | None = None
        self.fatal: str | None = None
        self.error: Exception | None = None
        self.failures: list[str] = []
        self._last_error: dict[int, str] = {}
        self._refusing: set[str] = set()
        self._held: WorkItem | None = None
        self._dropped = 0
        self.nothing_fits: str | None = None

    def suggest(  # type: ignore[override]  # Ray's own hint forgets FINISHED
        self, trial_id: str
    ) -> dict[str, Any] | str | None:
        """Return the next piece of work, None while there is none to be had, or FINISHED."""
        answer: dict[str, Any] | str | None = None
        with self._not_in_silence():
            answer = self._answer(trial_id)
        return answer

    def _answer(self, trial_id: str) -> dict[str, Any] | str | None:
        if self._handed_out >= RUN_LENGTH:
            return str(Searcher.FINISHED)
        if len(self._live) >= self._slots():
            return None
        item = None if self.fatal or self.error else self._next_item()
        if item is None:
            # What is still out may come back to be tried again.
            return None if self._live else str(Searcher.FINISHED)
        self._live[trial_id] = item
        self._handed_out += 1
        if item.kind in OF_NO_TRIAL or self._is_awaited(item):
            self._admission.begin(item)
        # Strings: Ray copies and flattens the rest.
        return {"item": item.model_dump_json(), "avoid": ",".join(sorted(self._refusing))}

    def begins_another_run(self) -> bool:
        """Whether Ray Tune is to run again: its run was full, and nobody ended it early."""
        full = self._handed_out >= RUN_LENGTH and not (self._live or self.fatal or self.error)
        self._handed_out = 0
        return full

    def close(self) -> None:
        """Wait for a proposal that is being made: its trial is left open."""
        self._thread.shutdown()

    def _next_item(self) -> WorkItem | None:
        if self._proposal is None and (item := self._next_aside()):
            return item
        if item := self._next_trial():
            return item
        return None if self._trials_may_follow() else self._next_aside(whenever=True)

    def _next_aside(self, whenever: bool = False) -> WorkItem | None:
        """Return the next piece of work aside from the study whose turn it is.

        Args:
            whenever: whether to wait no longer for trials to be handed out before it.
        """
        while self._later and (whenever or self._study.next_number >= self._later[0][0]):
            self._aside.append(self._later.popleft()[1])
        while self._aside:
            item = self._aside.popleft()
            # Trials among them were admitted before.
            lacking = item.kind in OF_NO_TRIAL and self._admission.lacking(item)
            if not lacking:
                return item
            self.failures.append(f"{item.label}: it does not fit into {lacking}")
        return None

    def _trials_may_follow(self) -> bool:
        """Whether a trial is being proposed, waits for room, or is still to be."""
        return bool(self._proposal or self._held or self._again) or self._wants_more()

    def _next_trial(self) -> WorkItem | None:
        """Return a trial that fits into the budget; one that may yet fit is held."""
        while (item := self._held or self._due_trial()) is not None:
            self._held = None
            lacking = self._admission.lacking(item)
            if lacking is None:
                self._dropped = 0
                return item
            if self._live:
                self._held = item
                return None
            self._study.drop(item.number)
            self._dropped += 1
            if self._dropped >= TRIES:
                self.nothing_fits = lacking
        return None

    def _due_trial(self) -> WorkItem | None:
        while self._proposal is None and self._again:
            try:
                proposal = self._study.reopen(self._again.popleft())
            except RefusedTrialError as refused:
                self._refuse(refused)
                continue
            item = self._item_of(proposal)
            if proposal.attempt <= MAX_ATTEMPTS:
                return item
            self._give_up(item)
        return self._new_item()

    def _new_item(self) -> WorkItem | None:
        """Return a new trial if one is proposed soon; who has nobody at work waits for it."""
        while self._proposal or self._wants_more():
            self._proposal = self._proposal or self._thread.submit(self._study.ask)
            try:
                found = self._item_of(self._proposal.result(PATIENCE_S if self._live else None))
            except TimeoutError:
                return None
            except RefusedTrialError as refused:
                self._refuse(refused)
                found = None
            self._proposal = None
            if found is not None:
                return found
        return None

    def _wants_more(self) -> bool:
        ended = self._study.exhausted or self.nothing_fits is not None
        return not ended and self._admission.is_open

    def _refuse(self, refused: RefusedTrialError) -> None:
        """Record and tell a trial that cannot be run."""
        self._parquet.trial(refused.record(self._study.name))
        self._study.tell_infeasible(refused.number, str(refused))
        self._admission.account.trial_ended(refused.number)

    @contextmanager
    def _not_in_silence(self) -> Iterator[None]:
        """Keep what is raised inside for the driver: Ray would take it for a trial's own fault."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the driver raises it
            self.error = self.error or error

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Count what a piece of work has spent."""
        with self._not_in_silence():
            self._hear(result)

    def _hear(self, result: dict[str, Any]) -> None:
        report = from_dict(result)
        if isinstance(report, CandidateReport):
            self._admission.account.hear(report)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell how a piece of work ended, or keep it to be tried again."""
        with self._not_in_silence():
            self._complete(trial_id, result, error)

    def _complete(self, trial_id: str, result: dict[str, Any] | None, error: bool) -> None:
        item = self._live.pop(trial_id, None)
        if item is None:
            return
        reason = self._stopped_for(trial_id)
        report = None if error and reason is None else from_dict(result)
        seconds = float((result or {}).get("time_total_s", 0.0))
        match report:
            case CandidateReport() if reason is not None:
                self._admission.account.hear(report)
                self._stop(item, report.round, seconds, reason)
            case EndReport():
                self._tell(item, report, seconds)
            case MessageReport():
                self._hear_of_trouble(item, report)
            case _:
                self._try_again(item, "its worker died")
        self._admission.leave(item)

    def _hear_of_trouble(self, item: WorkItem, report: MessageReport) -> None:
        if report.event is Event.STORAGE_ERROR:
            self.fatal = report.detail
        elif report.event is Event.NOT_SHARED:
            self._hand_to_others(item, report)
        else:
            self._try_again(item, report.detail)

    def _tell(self, item: WorkItem, report: EndReport, seconds: float) -> None:
        infeasible = report.infeasible_reason
        if item.kind in OF_NO_TRIAL and infeasible:
            self.failures.append(f"{item.label}: {report.detail}")
        elif self._is_awaited(item):
            if infeasible or report.last is None:
                self._study.tell_infeasible(item.number, f"{infeasible}: {report.detail}")
            else:
                note = str(report.stop_reason)
                self._study.tell(item.number, report.last, note, report.images_without_reuse)
            self._close_account(item, seconds)

    def _close_account(
        self, item: WorkItem, seconds: float, reason: StopReason | None = None
    ) -> None:
        by_budget = reason is StopReason.BUDGET
        self._admission.end(item, seconds, by_budget)
        self._study.note_seconds(self._admission.account.seconds)

    def _stop(self, item: WorkItem, after: int, seconds: float, reason: StopReason) -> None:
        """Record and tell a trial that was stopped; its worker can say no more."""
        self._parquet.trial(_record(item, reason, rounds=after, seconds=seconds))
        if self._is_awaited(item):
            self._study.tell_stopped(item.number, after, reason)
            self._close_account(item, seconds, reason)

    def _is_awaited(self, item: WorkItem) -> bool:
        """Whether the study waits to hear how it ends."""
        return item.kind is WorkKind.TRIAL and self._study.is_open(item.number)

    def _try_again(self, item: WorkItem, why: str) -> None:
        if self._is_awaited(item):
            self._last_error[item.number] = why
            self._again.append(item.number)
        elif item.attempt < MAX_ATTEMPTS:
            self._aside.append(item.model_copy(update={"attempt": item.attempt + 1}))
        else:
            self.failures.append(f"{item.label}: {why}")

    def _hand_to_others(self, item: WorkItem, report: MessageReport) -> None:
        """Hand out what a node refused again, and nothing more to that node."""
        self._refusing.add(str(report.node))
        self._aside.append(item)
        if not nodes_for_trials(self._refusing):
            self.fatal = report.detail

    def _give_up(self, item: WorkItem) -> None:
        """Record and tell a trial that failed too often; its record comes first, as always."""
        why = self._last_error.get(item.number, "its worker died")
        detail = f"tried {MAX_ATTEMPTS} times; last: {why}"
        self._parquet.trial(_record(item, None, detail))
        self._study.tell_infeasible(item.number, detail)
        self._admission.end(item, wall_s=0.0)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: a sweep is its study, its Parquet rows and its stages."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing: `resume` starts a fresh Ray run on the same study."""

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray pickles its searcher into state that is never restored


def _record(
    item: WorkItem,
    stopped: StopReason | None,
    detail: str = "",
    rounds: int = 0,
    seconds: float = 0.0,
) -> TrialRecord:
    """Return the row of a trial whose worker cannot store it: it was stopped, or it died."""
    return TrialRecord(
        sweep=item.sweep_name,
        trial=item.number,
        state=TrialState.STOPPED if stopped else TrialState.INFEASIBLE,
        stop_reason=stopped,
        infeasible_reason=None if stopped else InfeasibleReason.WORKER_LOST.value,
        detail=detail,
        rounds=rounds,
        attempts=min(item.attempt, MAX_ATTEMPTS),
        settings=store_settings(item.config),
        seconds=seconds,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
