"""How a sweep is getting on, from its workers' reports."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from ray.tune.experiment import Trial

from tatl_search.core.goals import Goals
from tatl_search.figures import ACCURACY, MACS
from tatl_search.records import StopReason
from tatl_search.search.progress import ProgressCallback, Snapshot
from tatl_search.search.report import CandidateReport, EndReport, Report, to_dict
from tatl_search.search.work import WorkKind
from tests.tracking.made import made_candidate, made_report, made_trial

HALVING = math.log(2) / math.log(100)

Heard = list[tuple[Report | None, Snapshot]]


def follow(
    heard: Heard,
    trials: int = 4,
    told: Callable[[], int] = lambda: 0,
    stopped: StopReason | None = None,
    spent: Callable[[], float] = lambda: 0.0,
) -> ProgressCallback:
    return ProgressCallback(
        trials,
        told,
        Goals((ACCURACY, MACS), {MACS: 100.0}),
        lambda report, snapshot: heard.append((report, snapshot)),
        lambda _: stopped,
        spent,
    )


def candidate(trial: int | None, round_: int, accuracy: float, macs: int) -> dict[str, Any]:
    return to_dict(
        made_report(
            trial=trial, round=round_, accuracy=accuracy, macs=macs, stage=f"{trial} {round_}"
        )
    )


def end(kind: WorkKind = WorkKind.TRIAL) -> dict[str, Any]:
    return to_dict(EndReport(kind=kind, label="x"))


def tell(callback: ProgressCallback, *reports: dict[str, Any]) -> None:
    for report in reports:
        callback.on_trial_result(1, [], Trial("unknown", stub=True), report)


def test_a_listener_hears_at_once_where_the_sweep_stands() -> None:
    heard: Heard = []
    follow(heard, trials=4, told=lambda: 1)
    [(report, snapshot)] = heard
    assert report is None
    assert (snapshot.trials, snapshot.done, snapshot.candidates) == (4, 1, 0)
    assert (snapshot.best, snapshot.left_s) == (None, None)
    assert (snapshot.log_area, snapshot.area) == (0.0, 0.0)


def test_candidates_are_counted_and_measured() -> None:
    heard: Heard = []
    tell(follow(heard), candidate(0, 0, 0.9, 100), candidate(0, 1, 0.8, 50))
    # Accuracy 0.9 at the full cost has no share left; 0.8 at half of it has 0.5 of 0.9.
    assert [snapshot.area for _, snapshot in heard] == pytest.approx([0.0, 0.0, 0.4 / 0.9])
    log_areas = [snapshot.log_area for _, snapshot in heard]
    assert log_areas == pytest.approx([0.0, 0.0, 0.8 * HALVING])
    assert [snapshot.candidates for _, snapshot in heard] == [0, 0, 1]
    best = heard[-1][1].best
    assert best is not None
    assert best.accuracy == 0.9


def test_a_baseline_is_part_of_the_front_and_no_trial() -> None:
    heard: Heard = []
    tell(follow(heard), candidate(None, 0, 1.0, 10), end(WorkKind.BASELINE))
    best = heard[-1][1].best
    assert best is not None
    assert best.accuracy == 1.0
    assert heard[-1][1].log_area == pytest.approx(0.5)  # from a tenth on, half of two decades
    assert heard[-1][1].done == 0
    assert len(heard) == 3


def test_what_is_left_follows_from_this_drivers_pace() -> None:
    heard: Heard = []
    told = [1]
    callback = follow(heard, trials=4, told=lambda: told[-1])
    tell(callback, end())
    snapshot = heard[-1][1]
    assert snapshot.done == 2
    # One trial took as long as this driver has run; two are left.
    assert snapshot.left_s == pytest.approx(2 * snapshot.elapsed_s, rel=0.01)
    told += [2, 3]  # one was refused: nobody ran it
    tell(callback, end())
    assert (heard[-1][1].done, heard[-1][1].left_s) == (4, 0.0)


def test_a_budget_counts_where_it_ends_sooner() -> None:
    heard: Heard = []
    spent = [0.2]
    callback = follow(heard, trials=1000, spent=lambda: spent[-1])
    callback.recall([], [])  # of earlier drivers
    spent.append(0.4)
    tell(callback, end())
    snapshot = heard[-1][1]
    assert (snapshot.done, snapshot.trials) == (1, 1000)
    assert (snapshot.spent, snapshot.share) == (0.4, 0.4)
    # A fifth took as long as this driver has run; three are left.
    assert snapshot.left_s == pytest.approx(3 * snapshot.elapsed_s, rel=0.01)
    spent.append(1.3)
    tell(callback, end())
    assert (heard[-1][1].share, heard[-1][1].left_s) == (1.0, 0.0)


def test_what_earlier_drivers_found_counts() -> None:
    """A trial that was running is heard again from its first round."""
    heard: Heard = []
    callback = follow(heard, trials=4, told=lambda: 1)
    rows = [
        made_candidate(trial=trial, round=round_, accuracy=0.8 + 0.1 * trial, macs=50)
        for trial, round_ in ((0, 1), (0, 2), (1, 1))
    ]
    callback.recall(rows, [made_trial(trial=0)])
    tell(callback, candidate(1, 1, 0.9, 75))
    snapshot = heard[-1][1]
    assert (snapshot.done, snapshot.candidates) == (1, 3)
    # 0.8 from a share of 0.5, and 0.1 more from 0.75.
    assert snapshot.area == pytest.approx((0.4 + 0.1 * 0.25) / 0.9)


@pytest.mark.parametrize("reason", [StopReason.BELOW_FRONT, StopReason.BUDGET])
def test_a_trial_that_is_stopped_has_ended(reason: StopReason) -> None:
    heard: Heard = []
    callback = follow(heard, trials=4, stopped=reason)
    tell(callback, candidate(3, 2, 0.5, 50))
    (_, _), (last, _), (end_of_it, snapshot) = heard
    assert isinstance(last, CandidateReport)
    assert isinstance(end_of_it, EndReport)
    assert (end_of_it.label, end_of_it.stop_reason) == ("trial 3", reason)
    assert end_of_it.last == last
    assert (snapshot.done, snapshot.candidates) == (1, 1)


def test_a_network_that_was_heard_of_before_is_marked() -> None:
    """By another trial, in an earlier run of the driver, or from a worker that was lost."""
    heard: Heard = []
    callback = follow(heard)
    callback.recall([made_candidate(trial=0, round=1, label="trial 0 round 1", stage="a")], [])
    for trial, stage in ((0, "a"), (1, "a"), (1, "b"), (1, "b")):
        label = f"trial {trial} in {stage}"
        tell(callback, to_dict(made_report(trial=trial, round=1, label=label, stage=stage)))
    same = [report.same_as for report, _ in heard if isinstance(report, CandidateReport)]
    assert same == ["trial 0 round 1", "trial 0 round 1", None, "trial 1 in b"]
