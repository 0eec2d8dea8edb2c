"""Which trials end when a budget is used up, and with which network."""

from typing import Any

import pytest

from tatl_search.config import SweepSettings
from tatl_search.core.expense import Cost, Planned
from tatl_search.records import StopReason
from tatl_search.search.account import Account
from tatl_search.search.admission import Admission
from tatl_search.search.report import CandidateReport, to_dict
from tatl_search.search.stopper import SweepStopper
from tatl_search.search.work import WorkItem, WorkKind
from tests.search.items import work_item
from tests.search.test_account import GOALS, candidate
from tests.tracking.made import made_candidate

PLAN = Planned(first=0, rounds=4, round_images=400, pieces=2, piece_images=400)


@pytest.fixture
def item(tmp_path: Any) -> WorkItem:
    return work_item(tmp_path, WorkKind.TRIAL, number=4)


def admission(images: int, rounds_stored: int = 0) -> Admission:
    account = Account(
        SweepSettings.model_validate({"budget": {"images_trained": images}}), GOALS, 0.0
    )
    rows = [
        made_candidate(trial=4, round=n, label=f"trial 4 round {n}", images_trained=400)
        for n in range(rounds_stored)
    ]
    account.recall(rows, [])
    return Admission(account, lambda _: PLAN)


def ended_at(admission: Admission, *reports: CandidateReport) -> list[bool]:
    """Report a trial's networks, as far as it is let, and return whether each ended it."""
    stopper = SweepStopper(admission, {}, lambda _: None, lambda: False)
    return [stopper("ray-4", to_dict(report)) for report in reports]


def rounds(count: int) -> list[CandidateReport]:
    return [candidate(4, n) for n in range(count)]


def test_a_trial_ends_with_the_network_that_uses_the_budget_up(item: WorkItem) -> None:
    held = admission(images=1000)
    held.begin(item)
    assert ended_at(held, *rounds(3)) == [False, False, True]  # 400, 800, 1200


def test_a_trial_that_is_at_its_end_is_complete(item: WorkItem) -> None:
    held = admission(images=1)
    held.begin(item)
    fired: dict[str, Any] = {"stop_reason": StopReason.MAX_DROP}
    assert ended_at(held, candidate(4, 2, **fired, finished=1)) == [True]  # one piece is left
    assert ended_at(held, candidate(4, 3, **fired, finished=2)) == [False]


def test_a_trial_goes_on_through_what_is_stored(item: WorkItem) -> None:
    """Its driver died after three networks, and the budget had been used up by them."""
    held = admission(images=1000, rounds_stored=3)
    assert held.lacking(item) is None
    held.begin(item)
    assert ended_at(held, *rounds(3)) == [False, False, True]
    assert held.account.exceeded(Cost()) == "budget.images_trained: 1,200 of 1,000"


def test_what_the_study_does_not_wait_for_is_left_alone() -> None:
    """A finished trial whose rows were damaged, and a baseline."""
    held = admission(images=1)
    assert ended_at(held, candidate(4, 0), candidate(None, 0, label="input 32 px")) == [False] * 2


def test_a_trial_that_was_stopped_ends_where_it_did() -> None:
    stopped = {4: (1, StopReason.BELOW_FRONT), 5: (1, StopReason.BUDGET)}
    stopper = SweepStopper(admission(images=10**6), stopped, lambda _: None, lambda: False)
    heard = [stopper(f"ray-{n}", to_dict(candidate(n, r))) for n in (4, 5, 6) for r in (0, 1)]
    assert heard == [False, True, False, True, False, False]
    reasons = [stopper.reason_of(f"ray-{n}") for n in (4, 5, 6)]
    assert reasons == [StopReason.BELOW_FRONT, StopReason.BUDGET, None]
