"""Early stopping on Ray: who is stopped, what is left behind, and that it stays so."""

from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState as Asked
from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

from tatl_search.config import Objective
from tatl_search.core.early_stopping import LEAST_FINISHED, EarlyStopping, runs_unstopped
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, StopReason, TrialRecord, TrialState
from tatl_search.results.store import load_sweep
from tatl_search.search.scheduler import FrontScheduler
from tatl_search.search.sweep import launch, resume
from tatl_search.space import space_from_raw
from tests.integration.audit import audit, stored_trials
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing
from tests.tracking.made import made_candidate, made_trial

OBJECTIVES = (Objective.ACCURACY, Objective.MACS)
SEED = 1
BAD = next(number for number in range(50, 90) if not runs_unstopped(0, number))


def candidate(trial: int | None, round_: int, accuracy: float, **also: Any) -> dict[str, Any]:
    known = {"event": "candidate", "trial": trial, "round": round_, "accuracy": accuracy}
    return {**known, "macs": 100 - 20 * round_, "stop_reason": None, **also}


def hear(scheduler: FrontScheduler, report: dict[str, Any]) -> str:
    trial = Trial("unknown", stub=True, trial_id=f"ray-{report['trial']}")
    return scheduler.on_trial_result(None, trial, report)


def taught(ended: dict[int, int | None] | None = None) -> FrontScheduler:
    """Return a scheduler that saw enough good trials end."""
    scheduler = FrontScheduler(0, OBJECTIVES, ended or {})
    for number in range(LEAST_FINISHED):
        for round_ in range(4):
            hear(scheduler, candidate(number, round_, 0.9))
        hear(scheduler, {**candidate(number, 3, 0.9), "event": "end", "kind": "trial"})
    return scheduler


def bad_rounds(scheduler: FrontScheduler, count: int = 3, **last: Any) -> list[str]:
    return [
        hear(scheduler, candidate(BAD, n, 0.3, **(last if n == count - 1 else {})))
        for n in range(count)
    ]


def test_a_hopeless_trial_is_stopped_and_known_by_rays_name() -> None:
    scheduler = taught()
    assert bad_rounds(scheduler) == ["CONTINUE", "CONTINUE", TrialScheduler.STOP]
    assert scheduler.has_stopped(f"ray-{BAD}")
    assert not scheduler.has_stopped("ray-0")


def test_a_trial_at_its_own_end_is_not_stopped() -> None:
    answers = bad_rounds(taught(), stop_reason=StopReason.MAX_DROP)
    assert answers == ["CONTINUE"] * 3


def test_baselines_are_no_part_of_it() -> None:
    scheduler = taught()
    answers = {hear(scheduler, candidate(None, n, 0.1)) for n in range(4)}
    assert answers == {TrialScheduler.CONTINUE}


def test_a_trial_that_ended_ends_where_it_did() -> None:
    assert bad_rounds(taught({BAD: None}), 4) == ["CONTINUE"] * 4
    stopped_late = bad_rounds(taught({BAD: 3}), 4)
    assert stopped_late == ["CONTINUE", "CONTINUE", "CONTINUE", TrialScheduler.STOP]


def row(trial: int, round_: int, accuracy: float) -> CandidateRecord:
    return made_candidate(trial=trial, round=round_, accuracy=accuracy, macs=100 - 20 * round_)


def test_what_earlier_drivers_saw_is_recalled() -> None:
    rows = [row(number, n, 0.9) for number in range(LEAST_FINISHED) for n in range(4)]
    trials = [made_trial(trial=number) for number in range(LEAST_FINISHED)]
    fresh = FrontScheduler(0, OBJECTIVES, {})
    fresh.recall([*rows, row(BAD, 1, 0.3)], trials)  # the trial that ran begins anew
    assert bad_rounds(fresh) == ["CONTINUE", "CONTINUE", TrialScheduler.STOP]
    lost = [made_trial(trial=0, state=TrialState.INFEASIBLE, infeasible_reason="worker_lost")]
    fewer = FrontScheduler(0, OBJECTIVES, {})
    fewer.recall(rows, [*lost, *trials[1:]])
    assert bad_rounds(fewer) == ["CONTINUE"] * 3


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop whatever lies below the front twice, without nine trials to learn that from."""
    monkeypatch.setattr(EarlyStopping, "margin", 0.0)


@pytest.mark.timeout(1800)  # two sweeps, on however busy a machine
@pytest.mark.usefixtures("ray_here", "strict")
def test_a_sweep_stops_a_trial_and_resume_leaves_it_stopped(tmp_path: Path) -> None:
    """The second trial's learning rate ruins its networks; one worker runs all three in turn."""
    rates = [{"retrain": {"learning_rate": rate}} for rate in (0.01, 30.0, 0.01)]
    assert not runs_unstopped(SEED, 1)
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
    assert 2 <= stopped.rounds < 4
    told = stored_trials(folder)
    assert (told[1].state, told[1].values) == (Asked.PRUNED, None)
    assert told[0].values is not None
