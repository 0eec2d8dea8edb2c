"""What a sweep spends, counted by hand, and the budget that ends it."""

from typing import Any

import pytest

from tatl_search.config import SweepSettings
from tatl_search.core.expense import Cost, Planned, Reached
from tatl_search.core.goals import Goals
from tatl_search.figures import ACCURACY, MACS
from tatl_search.records import StopReason
from tatl_search.search.account import Account
from tatl_search.search.report import CandidateReport
from tests.tracking.made import made_candidate, made_report, made_trial

GOALS = Goals((ACCURACY, MACS), {MACS: 100.0})


def account(seconds_before: float = 0.0, gpus: float = 0.0, **budget: Any) -> Account:
    sweep = SweepSettings.model_validate({"budget": budget, "gpus_per_trial": gpus})
    return Account(sweep, GOALS, seconds_before)


def candidate(
    trial: int | None, round_: int, accuracy: float = 0.9, **also: Any
) -> CandidateReport:
    known = {"label": f"trial {trial} round {round_}", "trial": trial, "round": round_}
    spent = {"images_trained": 400, "seconds": 900.0}
    return made_report(**{**known, **spent, "accuracy": accuracy, "macs": 50, **also})


def test_without_a_budget_nothing_is_used_up() -> None:
    free = account(seconds_before=1e9)
    free.hear(candidate(0, 0))
    assert free.used_up is None


def test_images_count_once_whoever_reports_them() -> None:
    counted = account(images_trained=1000)
    for report in (candidate(0, 0), candidate(0, 1), candidate(0, 1)):
        counted.hear(report)
    assert counted.used_up is None
    counted.hear(candidate(None, 0, label="input 32 px"))
    assert counted.used_up == "budget.images_trained: 1,200 of 1,000"


def test_gpu_hours_are_hours_of_work_times_the_share_of_a_gpu() -> None:
    counted = account(gpus=0.5, gpu_hours=0.25)
    counted.hear(candidate(0, 0))
    assert counted.used_up is None  # a quarter of an hour at half a GPU
    counted.hear(candidate(0, 1))
    assert counted.used_up == "budget.gpu_hours: 0.25 of 0.25"


def test_minutes_of_earlier_drivers_count() -> None:
    assert account(minutes=10.0, seconds_before=500.0).used_up is None
    used_up = account(minutes=10.0, seconds_before=601.0).used_up
    assert used_up is not None
    assert used_up.startswith("budget.minutes: 10.0")


def test_a_search_that_finds_nothing_more_is_stale() -> None:
    counted = account(stale={"trials": 2, "growth": 0.05})
    for trial, accuracy in enumerate((0.5, 0.8, 0.7)):
        counted.hear(candidate(trial, 1, accuracy))
        counted.trial_ended(trial)
        assert counted.used_up is None  # 0.8 is more than 5 % above 0.5
    counted.trial_ended(3)  # it had no network at all
    assert counted.used_up == "budget.stale: the log area grew by less than 5 % in 2 trials"


def test_the_log_area_decides_except_in_sweeps_of_before() -> None:
    """From a share of 0.1 down to 0.02 the linear area sees nothing, the log area a third more."""
    stale = {"trials": 1, "growth": 0.05}
    told = {}
    for version in (6, 7):
        sweep = SweepSettings.model_validate({"budget": {"stale": stale}})
        counted = Account(sweep, GOALS, 0.0, version)
        for trial, share in enumerate((0.1, 0.02)):
            counted.hear(candidate(trial, 1, 0.5, macs=round(share * 100)))
            counted.trial_ended(trial)
        told[version] = counted.used_up
    assert told == {6: "budget.stale: the area grew by less than 5 % in 1 trials", 7: None}


def test_what_is_stored_counts_as_if_it_were_heard() -> None:
    rows = [
        made_candidate(trial=n, round=1, label=f"trial {n} round 1", accuracy=0.8, macs=50)
        for n in range(3)
    ]
    trials = [made_trial(trial=n, created_at=f"2026-01-01T00:0{n}:00+00:00") for n in range(3)]
    counted = account(stale={"trials": 2, "growth": 0.05}, images_trained=5000)
    counted.recall(rows, trials)
    assert counted.used_up == "budget.stale: the log area grew by less than 5 % in 2 trials"
    running = account(images_trained=3000)
    running.recall(rows, trials[:1])
    assert running.used_up == "budget.images_trained: 3,000 of 3,000"


@pytest.mark.parametrize(
    ("limit", "more", "told"),
    [
        ({"images_trained": 900}, Cost(images=500), None),
        (
            {"images_trained": 900},
            Cost(images=501),
            "budget.images_trained: 400 of 900 (about 501 more needed)",
        ),
        ({"minutes": 10.0}, Cost(images=1e9, work_s=1e9, wall_s=290.0), None),
        (
            {"minutes": 10.0},
            Cost(wall_s=330.0),
            "budget.minutes: 5.0 of 10 (about 5.5 more needed)",
        ),
        ({"gpu_hours": 0.25}, Cost(work_s=900.0), None),
        (
            {"gpu_hours": 0.25},
            Cost(work_s=1800.0),
            "budget.gpu_hours: 0.12 of 0.25 (about 0.25 more needed)",
        ),
    ],
)
def test_what_is_expected_is_held_against_each_budget(
    limit: dict[str, Any], more: Cost, told: str | None
) -> None:
    counted = account(seconds_before=300.0, gpus=0.5, **limit)
    counted.hear(candidate(0, 0))
    assert counted.exceeded(more) == told


def test_how_far_a_trial_has_come_is_recalled_until_it_ends() -> None:
    rows = [made_candidate(trial=7, round=n, label=f"trial 7 round {n}") for n in (1, 0, 2)]
    counted = account(images_trained=10**6)
    counted.recall(rows, [])
    assert counted.reached("trial 7") == Reached(rounds=2, pieces=0, prunes=True)
    assert [counted.is_deepest(candidate(7, n)) for n in (0, 1, 2)] == [False, False, True]
    counted.trial_ended(7)
    assert counted.reached("trial 7") is None


def test_trials_that_a_budget_ended_teach_nothing() -> None:
    plan = Planned(first=0, rounds=4, round_images=1000)
    rows = [made_candidate(trial=0, round=1, label="trial 0 round 1")]
    for reason, share in ((StopReason.BUDGET, 1.0), (StopReason.MAX_DROP, 5000 / 8000)):
        counted = account(images_trained=10**6)
        counted.recall(rows, [made_trial(trial=0, stop_reason=reason)], {0: plan})
        assert counted.experience.paid_share == share
