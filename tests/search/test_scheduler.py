"""Early stopping on Ray: who is stopped, what is left behind, and that it stays so."""

from collections.abc import Container
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState as Asked
from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

from tatl_search.core.early_stopping import LEAST_ROUNDS, EarlyStopping
from tatl_search.core.goals import Goals
from tatl_search.figures import ACCURACY, MACS
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, Kind, StopReason, TrialRecord, TrialState
from tatl_search.results.store import load_sweep
from tatl_search.search.report import EndReport, from_dict, to_dict
from tatl_search.search.scheduler import StoppingScheduler
from tatl_search.search.sweep import launch, resume
from tatl_search.search.work import WorkKind
from tatl_search.space import space_from_raw
from tests.integration.audit import audit, stored_trials
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing
from tests.tracking.made import made_candidate, made_report, made_trial

GOALS = Goals((ACCURACY, MACS), {MACS: 100.0})
SEED = 1
BAD = 50
ENOUGH = LEAST_ROUNDS // 2
"""Trials of three rounds, of which the first teaches nothing."""


def candidate(trial: int | None, round_: int, accuracy: float, **also: Any) -> dict[str, Any]:
    known = {"trial": trial, "round": round_, "accuracy": accuracy, "max_rounds": 3}
    return to_dict(made_report(**{**known, "macs": 100 - 20 * round_, **also}))


def hear(scheduler: StoppingScheduler, report: dict[str, Any]) -> str:
    number = getattr(from_dict(report), "trial", None)
    trial = Trial("unknown", stub=True, trial_id=f"ray-{number}")
    return scheduler.on_trial_result(None, trial, report)


def fresh(ended: Container[int] = (), promoted: Container[int] = ()) -> StoppingScheduler:
    rule = EarlyStopping(costs=1)
    return StoppingScheduler(
        GOALS, rule, StopReason.BELOW_FRONT, ended, lambda number: number in promoted
    )


def taught(ended: Container[int] = (), promoted: Container[int] = ()) -> StoppingScheduler:
    """Return a scheduler that saw enough good trials end."""
    scheduler = fresh(ended, promoted)
    for number in range(ENOUGH):
        for round_ in range(4):
            hear(scheduler, candidate(number, round_, 0.9))
        end = to_dict(EndReport(kind=WorkKind.TRIAL, label=f"trial {number}"))
        hear(scheduler, end)
    return scheduler


def bad_rounds(scheduler: StoppingScheduler, count: int = 2, **last: Any) -> list[str]:
    return [
        hear(scheduler, candidate(BAD, n, 0.3, **(last if n == count - 1 else {})))
        for n in range(count)
    ]


def test_a_hopeless_trial_is_stopped_and_known_by_rays_name() -> None:
    scheduler = taught()
    assert bad_rounds(scheduler) == ["CONTINUE", TrialScheduler.STOP]
    assert scheduler.reason_of(f"ray-{BAD}") is StopReason.BELOW_FRONT
    assert scheduler.reason_of("ray-0") is None


def test_a_trial_at_its_own_end_is_not_stopped() -> None:
    assert bad_rounds(taught(), stop_reason=StopReason.MAX_DROP) == ["CONTINUE"] * 2
    assert bad_rounds(taught(), max_rounds=1) == ["CONTINUE"] * 2  # it has yet to finish


def test_a_trial_that_may_become_cheaper_than_any_other_is_not_stopped() -> None:
    assert bad_rounds(taught(), max_rounds=9) == ["CONTINUE"] * 2


def test_a_trial_that_prunes_no_more_is_not_stopped() -> None:
    """It may have ended its rounds early: what they would have led to is beside the point."""
    for finished in (0, 1):  # about to be finished, and on its way
        heard = bad_rounds(taught(), stop_reason=StopReason.TARGET_MACS, finished=finished)
        assert heard == ["CONTINUE"] * 2


def test_a_promoted_trial_is_neither_stopped_nor_learnt_from() -> None:
    """Its rounds are those of the trial below it, which would beat it at each of them."""
    assert bad_rounds(taught(promoted={BAD})) == ["CONTINUE"] * 2
    twins = range(1, ENOUGH)  # but for the first all are: too few rounds to tell anything
    assert bad_rounds(taught(promoted=twins)) == ["CONTINUE"] * 2


def test_a_network_that_a_trial_finished_is_not_compared_with() -> None:
    scheduler = taught()
    hear(scheduler, candidate(0, 4, 0.99, macs=40, finished=1))
    on_front = [hear(scheduler, candidate(BAD, n, 0.9)) for n in range(3)]
    assert on_front == ["CONTINUE"] * 3


def test_baselines_are_compared_with_and_never_stopped() -> None:
    scheduler = taught()
    assert hear(scheduler, candidate(None, 0, 0.99, macs=40)) == TrialScheduler.CONTINUE
    below_it = [hear(scheduler, candidate(BAD, n, 0.9)) for n in range(2)]
    assert below_it == ["CONTINUE", TrialScheduler.STOP]


def test_a_stored_baseline_is_recalled() -> None:
    scheduler = taught()
    stored = made_candidate(
        trial=None, round=0, accuracy=0.99, macs=40, label="input 16 px", kind=Kind.BASELINE
    )
    scheduler.recall([stored], [])
    below_it = [hear(scheduler, candidate(BAD, n, 0.9)) for n in range(2)]
    assert below_it == ["CONTINUE", TrialScheduler.STOP]


def test_a_trial_that_ended_is_not_judged_again() -> None:
    assert bad_rounds(taught({BAD}), 4) == ["CONTINUE"] * 4


def row(trial: int, round_: int, accuracy: float, **also: Any) -> CandidateRecord:
    known = {"trial": trial, "round": round_, "accuracy": accuracy, "macs": 100 - 20 * round_}
    return made_candidate(**{**known, **({"plan": ""} if round_ == 0 else {}), **also})


def test_what_earlier_drivers_saw_is_recalled() -> None:
    rows = [row(number, n, 0.9) for number in range(ENOUGH) for n in range(4)]
    trials = [made_trial(trial=number) for number in range(ENOUGH)]
    recalled = fresh()
    recalled.recall([*rows, row(BAD, 1, 0.3)], trials)  # the trial that ran begins anew
    assert bad_rounds(recalled) == ["CONTINUE", TrialScheduler.STOP]
    fewer = fresh()
    fewer.recall(rows, trials[1:])
    assert bad_rounds(fewer) == ["CONTINUE"] * 2


def test_a_finished_network_that_is_recalled_is_not_compared_with() -> None:
    rows = [row(number, n, 0.9) for number in range(ENOUGH) for n in range(4)]
    recalled = fresh()
    longer = row(0, 4, 0.99, macs=40, plan="", finished=1)
    recalled.recall([*rows, longer], [made_trial(trial=number) for number in range(ENOUGH)])
    assert [hear(recalled, candidate(BAD, n, 0.9)) for n in range(3)] == ["CONTINUE"] * 3


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell what is hopeless from the rounds of a single trial."""
    eager = partial(EarlyStopping, least_rounds=3)
    monkeypatch.setattr("tatl_search.core.early_stopping.EarlyStopping", eager)


@pytest.mark.timeout(1800)  # two sweeps, on however busy a machine
@pytest.mark.usefixtures("ray_here", "eager")
def test_a_sweep_stops_a_trial_and_resume_leaves_it_stopped(tmp_path: Path) -> None:
    """The second trial's learning rate ruins its networks; one worker runs all three in turn."""
    rates = [{"retrain": {"learning_rate": rate}} for rate in (0.01, 30.0, 0.01)]
    settings = {"max_concurrent": 1, "early_stopping": True, "start": {"settings": rates}}
    space = {"seed": SEED} | faulty_space(
        sweep=settings,
        finetune={"epochs": 8},
        retrain={"learning_rate": {"choices": [0.01, 30.0]}, "epochs": 1, "clip_norm": None},
        prune={"threshold": 0.7, "rate": 0.1},
        stop={"max_rounds": 4},
    )
    folder = tmp_path / "sweep"
    assert launch(space_from_raw(space), folder, hear_nothing).complete
    assert_second_stopped(folder)

    (SweepFolder(folder).trials / "trial-00001.parquet").unlink()
    assert resume(folder, hear_nothing).complete
    assert_second_stopped(folder)


def assert_second_stopped(folder: Path) -> None:
    assert audit(folder).faults == ()
    trials: dict[int, TrialRecord] = {trial.trial: trial for trial in load_sweep(folder).trials}
    assert [trials[n].state for n in (0, 1)] == [TrialState.COMPLETE, TrialState.STOPPED]
    stopped = trials[1]
    assert (stopped.stop_reason, stopped.infeasible_reason) == (StopReason.BELOW_FRONT, None)
    rounds = [row.round for row in load_sweep(folder).candidates if row.trial == 1]
    assert rounds == list(range(stopped.rounds + 1))
    assert 1 <= stopped.rounds < 4
    told = stored_trials(folder)
    assert (told[1].state, told[1].values) == (Asked.PRUNED, None)
    assert told[0].values is not None
