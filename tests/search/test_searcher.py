"""The searcher: order of work, retries by one rule, and what the study is told."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest
import ray
from ray.tune.search import Searcher

from tatl_search.config import BudgetSettings
from tatl_search.config.legr import LegrSettings
from tatl_search.core.expense import Planned
from tatl_search.core.goals import Goals
from tatl_search.figures import ACCURACY, MACS, PARAMETERS, SIZE_BYTES
from tatl_search.manifest import SweepFolder
from tatl_search.records import StopReason, TrialRecord, TrialState
from tatl_search.search.account import Account
from tatl_search.search.admission import Admission
from tatl_search.search.refusal import RefusedTrialError
from tatl_search.search.report import EndReport, Event, MessageReport, to_dict
from tatl_search.search.searcher import MAX_ATTEMPTS, WorkSearcher
from tatl_search.search.study import Proposal, SweepStudy
from tatl_search.search.work import WorkItem, WorkKind
from tatl_search.space import SearchSpace, space_from_raw
from tatl_search.tracking.parquet import ParquetTracker
from tatl_search.tracking.reading import read_records
from tests.tracking.made import made_report

SPACE = space_from_raw({"sweep": {"trials": 3}, "prune": {"threshold": {"low": 0.5, "high": 0.9}}})
REFERENCE = {MACS: 1000.0, PARAMETERS: 100.0, SIZE_BYTES: 400.0}
GOALS = Goals((ACCURACY, MACS), REFERENCE)
END = to_dict(
    EndReport(
        kind=WorkKind.TRIAL,
        label="trial 0",
        last=made_report(accuracy=0.9, macs=500, parameters=50, size_bytes=200),
        stop_reason=StopReason.MAX_ROUNDS,
        images_without_reuse=100,
    )
)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no slow sampler."""
    monkeypatch.setattr("tatl_search.search.searcher.PATIENCE_S", 60.0)


class Sweep:
    """A searcher over a real study, and what it left behind."""

    def __init__(
        self, folder: Path, baselines: int = 0, slots: int = 2, space: SearchSpace = SPACE
    ) -> None:
        self.folder = SweepFolder(folder)
        self.space = space
        self.study = SweepStudy(self.folder.journal, "test", space, 0, REFERENCE)
        items = [self.item(WorkKind.BASELINE, number) for number in range(baselines)]
        self.stopped: dict[str, StopReason] = {}
        self.account = Account(space.sweep, GOALS, 0.0)
        self.plan = Planned(first=0, rounds=2, round_images=100)
        self.searcher = self.searcher_of(items, slots)

    def searcher_of(
        self, items: list[WorkItem], slots: int, later: Sequence[tuple[int, WorkItem]] = ()
    ) -> WorkSearcher:
        return WorkSearcher(
            self.study,
            items,
            self.trial_item,
            ParquetTracker(self.folder),
            lambda: slots,
            Admission(self.account, lambda _: self.plan),
            self.stopped.get,
            later,
        )

    def item(self, kind: WorkKind, number: int, attempt: int = 1) -> WorkItem:
        return WorkItem(
            kind=kind,
            number=number,
            attempt=attempt,
            label=f"{kind.value} {number}",
            folder=self.folder.root,
            sweep_name="test",
            launched_at="2026-01-01T00:00:00+00:00",
            sweep=self.space.sweep,
            config=self.space.sample(_Low()),
            threads=1,
            root_threads=1,
        )

    def trial_item(self, proposal: Proposal) -> WorkItem:
        return self.item(WorkKind.TRIAL, proposal.number, proposal.attempt)

    def suggest(self, trial_id: str) -> str:
        """Return the label of what is handed out, or what else is answered."""
        answer = self.searcher.suggest(trial_id)
        return label_of(answer) if isinstance(answer, dict) else str(answer)

    def trials(self) -> list[TrialRecord]:
        return read_records(self.folder.trials, TrialRecord)


def told(event: Any, detail: str, node: str | None = None) -> dict[str, Any]:
    return to_dict(MessageReport(event=event, detail=detail, node=node))


def label_of(handed_out: dict[str, str]) -> str:
    return WorkItem.model_validate_json(handed_out["item"]).label


class _Low:
    def uniform(self, name: str, low: float, *_: Any) -> float:
        return low

    def categorical(self, name: str, choices: Any) -> Any:
        return choices[0]


def test_baselines_first_then_trials_up_to_the_slots(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, baselines=1)
    assert [sweep.suggest("a"), sweep.suggest("b"), sweep.suggest("c")] == [
        "baseline 0",
        "trial 0",
        "None",
    ]


def test_finished_only_when_nothing_is_out(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=3)
    assert [sweep.suggest(name) for name in "abc"] == ["trial 0", "trial 1", "trial 2"]
    sweep.searcher.on_trial_complete("a", END)
    assert sweep.suggest("d") == "None"
    sweep.searcher.on_trial_complete("b", END)
    sweep.searcher.on_trial_complete("c", END)
    assert sweep.suggest("e") == Searcher.FINISHED
    assert sweep.study.told == 3


def test_a_lost_worker_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1)
    for attempt in range(MAX_ATTEMPTS):
        assert sweep.suggest(f"ray-{attempt}") == "trial 0"
        sweep.searcher.on_trial_complete(f"ray-{attempt}", None, error=True)
    assert sweep.suggest("next") == "trial 1"
    (record,) = sweep.trials()
    assert record.state is TrialState.INFEASIBLE
    assert record.infeasible_reason == "worker_lost"
    assert record.attempts == MAX_ATTEMPTS
    assert sweep.study.told == 1


def test_the_last_error_is_in_the_record(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1)
    for attempt in range(MAX_ATTEMPTS):
        sweep.suggest(f"ray-{attempt}")
        report = told(Event.FAILED, "ValueError: odd network")
        sweep.searcher.on_trial_complete(f"ray-{attempt}", report)
    sweep.suggest("next")
    (record,) = sweep.trials()
    assert "ValueError: odd network" in record.detail


def test_a_baseline_that_fails_is_noted(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, baselines=1, slots=1)
    for attempt in range(MAX_ATTEMPTS):
        assert sweep.suggest(f"ray-{attempt}") == "baseline 0"
        sweep.searcher.on_trial_complete(f"ray-{attempt}", None, error=True)
    assert sweep.suggest("next") == "trial 0"
    assert sweep.searcher.failures == ["baseline 0: its worker died"]


def test_a_finished_trial_that_runs_again_is_not_told_twice(tmp_path: Path) -> None:
    first = Sweep(tmp_path, slots=1)
    first.suggest("a")
    first.searcher.on_trial_complete("a", END)
    second = Sweep(tmp_path, slots=1)
    damaged = [second.trial_item(second.study.recall(0))]
    searcher = second.searcher_of(damaged, slots=1)
    handed_out = searcher.suggest("b")
    assert isinstance(handed_out, dict)
    assert label_of(handed_out) == "trial 0"
    searcher.on_trial_complete("b", END)
    assert (second.study.told, searcher.failures) == (1, [])
    following = searcher.suggest("c")
    assert isinstance(following, dict)
    assert label_of(following) == "trial 1"


@pytest.mark.usefixtures("ray_here")
def test_a_node_that_refuses_gets_nothing_more_and_costs_no_attempt(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    sweep.suggest("a")
    report = told(Event.NOT_SHARED, "it does not see it", node="blind")
    sweep.searcher.on_trial_complete("a", report)
    again = sweep.searcher.suggest("b")
    assert isinstance(again, dict)
    assert again["avoid"] == "blind"
    assert label_of(again) == "trial 0"
    assert WorkItem.model_validate_json(again["item"]).attempt == 1
    assert sweep.searcher.fatal is None
    sweep.searcher.on_trial_complete("b", END)
    assert sweep.study.told == 1


@pytest.mark.usefixtures("ray_here")
def test_without_a_node_that_sees_the_folder_going_on_is_pointless(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    sweep.suggest("a")
    node = ray.get_runtime_context().get_node_id()
    report = told(Event.NOT_SHARED, "it does not see it", node=node)
    sweep.searcher.on_trial_complete("a", report)
    assert sweep.searcher.fatal == "it does not see it"


def test_full_storage_ends_the_sweep_and_keeps_the_trial(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1)
    sweep.suggest("a")
    report = told(Event.STORAGE_ERROR, "no space left")
    sweep.searcher.on_trial_complete("a", report)
    assert sweep.searcher.fatal == "no space left"
    assert sweep.suggest("b") == Searcher.FINISHED
    sweep.study.release()
    assert Sweep(tmp_path).suggest("a") == "trial 0"


def test_infeasible_is_told_and_not_tried_again(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1)
    sweep.suggest("a")
    report = EndReport(
        kind=WorkKind.TRIAL, label="trial 0", infeasible_reason="nan_loss", detail="in epoch 1"
    )
    sweep.searcher.on_trial_complete("a", to_dict(report))
    assert sweep.study.told == 1
    assert sweep.suggest("b") == "trial 1"


def test_a_second_word_of_a_trial_changes_nothing(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1)
    sweep.suggest("a")
    sweep.searcher.on_trial_complete("a", END)
    sweep.searcher.on_trial_complete("a", END)
    assert sweep.study.told == 1


def candidate(trial: int, round_: int, images: int = 100) -> dict[str, Any]:
    """Return the report of a network that is pruned on."""
    place = {"label": f"trial {trial} round {round_}", "trial": trial, "round": round_}
    report = made_report(**place, accuracy=0.4, macs=500, images_trained=images, seconds=1.0)
    return {**to_dict(report), "time_total_s": 3.5}


@pytest.mark.parametrize("reason", [StopReason.BELOW_FRONT, StopReason.BUDGET])
def test_a_stopped_trial_is_recorded_then_told_as_censored_and_not_tried_again(
    tmp_path: Path, reason: StopReason
) -> None:
    sweep = Sweep(tmp_path, slots=1)
    sweep.suggest("a")
    sweep.stopped["a"] = reason
    sweep.searcher.on_trial_complete("a", candidate(0, 2))
    (record,) = sweep.trials()
    assert (record.state, record.stop_reason) == (TrialState.STOPPED, reason)
    assert (record.rounds, record.seconds, record.infeasible_reason) == (2, 3.5, None)
    assert (sweep.study.told, sweep.study.stopped()) == (1, {0: 2})
    assert sweep.suggest("b") == "trial 1"
    again = Sweep(tmp_path)
    assert (again.study.finished(), again.study.stopped()) == ([0], {0: 2})
    assert again.study.stop_reason(0) is reason


def test_a_used_up_budget_ends_the_sweep_but_not_what_was_begun(tmp_path: Path) -> None:
    first = Sweep(tmp_path, slots=1)
    first.suggest("a")  # the driver dies
    spent = SPACE.sweep.model_copy(update={"budget": BudgetSettings(minutes=1.0)})
    second = Sweep(tmp_path, slots=1)
    second.account = Account(spent, GOALS, seconds_before=61.0)
    second.searcher = second.searcher_of([], slots=1)
    assert second.suggest("b") == "trial 0"
    second.searcher.on_trial_complete("b", END)
    assert second.suggest("c") == Searcher.FINISHED
    assert second.study.seconds >= 61.0


def budgeted(folder: Path, images: int, slots: int = 2, baselines: int = 0) -> Sweep:
    """Return a sweep of trials of twice 100 images, which may train on so many."""
    settings = SPACE.sweep.model_copy(
        update={"trials": 9, "budget": BudgetSettings(images_trained=images)}
    )
    return Sweep(folder, baselines, slots, dataclasses.replace(SPACE, sweep=settings))


def run(sweep: Sweep, trial_id: str, number: int, images: Sequence[int]) -> None:
    """Report a trial's networks and its end."""
    for round_, paid in enumerate(images):
        sweep.searcher.on_trial_result(trial_id, candidate(number, round_, paid))
    sweep.searcher.on_trial_complete(trial_id, END)


def test_a_trial_begins_only_if_it_fits_beside_those_that_run(tmp_path: Path) -> None:
    sweep = budgeted(tmp_path, images=399)
    assert [sweep.suggest("a"), sweep.suggest("b")] == ["trial 0", "None"]  # 200 + 200 > 399
    sweep.searcher.on_trial_result("a", candidate(0, 0, 0))
    assert sweep.suggest("b") == "None"
    run(sweep, "a", 0, (0, 100))  # it stopped early, and left more than was expected
    assert sweep.suggest("b") == "trial 1"


def test_where_no_trial_fits_the_sweep_ends_and_nothing_is_left_open(tmp_path: Path) -> None:
    sweep = budgeted(tmp_path, images=399)
    sweep.suggest("a")
    run(sweep, "a", 0, (0, 100, 100))
    assert sweep.suggest("b") == Searcher.FINISHED
    assert sweep.searcher.nothing_fits == (
        "budget.images_trained: 200 of 399 (about 200 more needed)"
    )
    sweep.study.release()
    assert (sweep.study.unfinished(), sweep.study.told) == ([], 1)


def test_trials_learn_how_much_of_their_rounds_is_paid_for(tmp_path: Path) -> None:
    """Three trials paid for half; with one more that pays for all it is 5 of 8."""
    sweep = budgeted(tmp_path, images=424, slots=1)
    for number in range(3):
        assert sweep.suggest(str(number)) == f"trial {number}"
        run(sweep, str(number), number, (0, 100))
    assert sweep.suggest("d") == Searcher.FINISHED
    (tmp_path / "larger").mkdir()
    larger = budgeted(tmp_path / "larger", images=425, slots=1)
    for number in range(3):
        larger.suggest(str(number))
        run(larger, str(number), number, (0, 100))
    assert larger.suggest("d") == "trial 3"  # 300 + 5 / 8 * 200


def test_the_first_trial_begins_however_small_the_budget(tmp_path: Path) -> None:
    sweep = budgeted(tmp_path, images=1)
    assert [sweep.suggest("a"), sweep.suggest("b")] == ["trial 0", "None"]
    sweep.searcher.on_trial_complete("a", None, error=True)  # before it brought anything
    assert sweep.suggest("b") == "trial 1"  # it waited


def test_a_baseline_that_does_not_fit_is_named_and_left_out(tmp_path: Path) -> None:
    sweep = budgeted(tmp_path, images=199, baselines=1)
    assert sweep.suggest("a") == "trial 0"
    assert sweep.searcher.failures == [
        "baseline 0: it does not fit into budget.images_trained: 0 of 199 (about 200 more needed)"
    ]


def test_a_trial_with_networks_is_tried_again_though_the_budget_is_used_up(tmp_path: Path) -> None:
    sweep = budgeted(tmp_path, images=150, slots=1)
    sweep.suggest("a")
    sweep.searcher.on_trial_result("a", candidate(0, 1, 200))
    sweep.searcher.on_trial_complete("a", None, error=True)
    assert sweep.suggest("b") == "trial 0"


@pytest.mark.parametrize("done", [0, 1])
def test_resume_hands_out_the_unfinished_first(tmp_path: Path, done: int) -> None:
    first = Sweep(tmp_path)
    assert [first.suggest("a"), first.suggest("b")] == ["trial 0", "trial 1"]
    if done:
        first.searcher.on_trial_complete("a", END)
    second = Sweep(tmp_path, slots=4)  # the first driver died
    expected = ["trial 1", "trial 2"] if done else ["trial 0", "trial 1", "trial 2"]
    assert [second.suggest(name) for name in "cdef"[: len(expected)]] == expected


class _SlowStudy(SweepStudy):
    """A study whose sampler takes its time."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.proposes = Signal()

    def ask(self) -> Proposal:
        self.proposes.wait()
        return super().ask()


def test_reports_do_not_wait_for_a_slow_sampler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tatl_search.search.searcher.PATIENCE_S", 0.01)
    sweep = Sweep(tmp_path, baselines=1)
    sweep.study = study = _SlowStudy(tmp_path / "slow.journal", "test", SPACE, 0, REFERENCE)
    sweep.searcher = sweep.searcher_of([sweep.item(WorkKind.BASELINE, 0)], 2)
    assert sweep.suggest("a") == "baseline 0"
    assert [sweep.suggest("b"), sweep.suggest("b")] == ["None", "None"]
    sweep.searcher.on_trial_complete("a", END)
    study.proposes.set()
    assert sweep.suggest("b") == "trial 0"  # nobody is at work: who asks waits


def test_a_proposal_that_comes_too_late_is_no_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tatl_search.search.searcher.PATIENCE_S", 0.01)
    sweep = Sweep(tmp_path, baselines=1)
    sweep.study = study = _SlowStudy(tmp_path / "slow.journal", "test", SPACE, 0, REFERENCE)
    sweep.searcher = sweep.searcher_of([sweep.item(WorkKind.BASELINE, 0)], 2)
    assert [sweep.suggest("a"), sweep.suggest("b")] == ["baseline 0", "None"]
    study.proposes.set()
    sweep.searcher.close()
    study.release()
    assert study.unfinished() == [0]
    assert study.reopen(0).attempt == 1


def test_ray_runs_again_when_its_run_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tatl_search.search.searcher.RUN_LENGTH", 2)
    sweep = Sweep(tmp_path)
    assert [sweep.suggest(name) for name in "abc"] == ["trial 0", "trial 1", Searcher.FINISHED]
    sweep.searcher.on_trial_complete("a", END)
    sweep.searcher.on_trial_complete("b", END)
    assert sweep.searcher.begins_another_run()
    assert sweep.suggest("d") == "trial 2"
    sweep.searcher.on_trial_complete("d", END)
    assert sweep.suggest("e") == Searcher.FINISHED
    assert not sweep.searcher.begins_another_run()


def test_a_full_run_that_somebody_stopped_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tatl_search.search.searcher.RUN_LENGTH", 2)
    sweep = Sweep(tmp_path)
    assert [sweep.suggest(name) for name in "abc"] == ["trial 0", "trial 1", Searcher.FINISHED]
    sweep.searcher.on_trial_complete("a", END)
    assert not sweep.searcher.begins_another_run()


TOURNAMENTS = space_from_raw(
    {
        "sweep": {"trials": 2},
        "prune": {
            "method": "legr",
            "legr": {"tournament": {"low": 2, "high": 32}, "population": {"low": 16, "high": 64}},
        },
    }
)
"""Both ends go together; a large tournament of a small population does not."""


def test_settings_that_do_not_go_together_are_a_result(tmp_path: Path) -> None:
    first = {"prune.legr.tournament": 32, "prune.legr.population": 16}
    sweep = Sweep(tmp_path, slots=1, space=TOURNAMENTS)
    sweep.study.begin([], [first, dict.fromkeys(first, 16)])
    assert sweep.suggest("a") == "trial 1"
    (record,) = sweep.trials()
    assert (record.trial, record.state, record.infeasible_reason) == (
        0,
        TrialState.INFEASIBLE,
        "failed",
    )
    assert "tournament <= population <= evaluations (got 32, 16, " in record.detail
    settings = json.loads(record.settings)["prune"]["legr"]
    assert (settings["tournament"], settings["population"]) == (32, 16)
    assert settings.keys() == LegrSettings.model_fields.keys()
    sweep.searcher.on_trial_complete("a", END)
    assert sweep.suggest("b") == Searcher.FINISHED
    assert sweep.study.told == 2

    with pytest.raises(RefusedTrialError) as recalled:
        Sweep(tmp_path, space=TOURNAMENTS).study.recall(0)
    assert json.loads(recalled.value.record("test").settings) == json.loads(record.settings)


def test_work_that_nobody_waits_for_comes_after_so_many_trials(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=9)
    later = [
        (1, sweep.item(WorkKind.REFERENCE, 0)),
        (2, sweep.item(WorkKind.BASELINE, 0)),
        (50, sweep.item(WorkKind.BASELINE, 1)),
    ]
    sweep.searcher = sweep.searcher_of([], slots=9, later=later)
    assert [sweep.suggest(name) for name in "abcdefg"] == [
        "trial 0",
        "reference 0",
        "trial 1",
        "baseline 0",
        "trial 2",
        "baseline 1",  # no trial is left to wait for
        "None",
    ]


def test_what_the_searcher_raises_itself_is_kept_for_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray would log it and take the trial for failed: a bug would look like a lost worker."""
    sweep = Sweep(tmp_path, slots=2)
    assert sweep.suggest("a") == "trial 0"

    def fails(*_: object) -> None:
        raise ZeroDivisionError("of our own")

    monkeypatch.setattr(sweep.study, "tell_infeasible", fails)
    report = EndReport(
        kind=WorkKind.TRIAL,
        label="trial 0",
        last=None,
        stop_reason=None,
        infeasible_reason="failed",
        detail="",
        images_without_reuse=0,
    )
    sweep.searcher.on_trial_complete("a", to_dict(report))
    assert isinstance(sweep.searcher.error, ZeroDivisionError)
    assert sweep.suggest("b") == Searcher.FINISHED
    assert not sweep.searcher.begins_another_run()
