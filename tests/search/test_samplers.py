"""Every sampler for real: conditional spaces, constraints, journal storage, grids and lists."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from tatl_search.figures import MACS, PARAMETERS, SIZE_BYTES, Figures
from tatl_search.records import StopReason
from tatl_search.search.study import USABLE, Lesson, Proposal, SweepStudy
from tatl_search.space import SearchSpace, space_from_raw
from tests.tracking.made import made_figures

REFERENCE = {MACS: 1000.0, PARAMETERS: 100.0, SIZE_BYTES: 400.0}
CONDITIONAL = {
    "finetune": {
        "optimizer": {
            "choices": {
                "sgd": {"learning_rate": {"low": 0.01, "high": 0.05, "step": 0.01}},
                "adamw": {"learning_rate": {"choices": [3e-4, 1e-3]}},
            }
        }
    },
    "stop": {"max_rounds": {"low": 1, "high": 3}},
}
FLAT = {
    "prune": {"threshold": {"low": 0.5, "high": 0.9}, "rate": {"low": 0.1, "high": 0.4}},
    "stop": {"max_rounds": {"low": 1, "high": 8}},
}


def space(raw: Mapping[str, Any], sampler: str, **sweep: Any) -> SearchSpace:
    settings = {"trials": 10, "startup_trials": 3, "sampler": sampler, **sweep}
    return space_from_raw({**raw, "sweep": settings})


def study_of(folder: Path, searched: SearchSpace) -> SweepStudy:
    return SweepStudy(folder / "study.journal", "test", searched, 0, REFERENCE)


def stored(folder: Path) -> list[optuna.trial.FrozenTrial]:
    storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    return optuna.load_study(study_name="test", storage=storage).trials


def outcome(proposal: Proposal, **also: float | None) -> Figures:
    rounds = proposal.config.stop.max_rounds
    accuracy = 0.95 - 0.05 * rounds - abs(proposal.config.prune.threshold - 0.8)
    macs = 1000.0 * 0.7**rounds
    return made_figures(
        **{"accuracy": accuracy, "macs": round(macs), "parameters": 50, "size_bytes": 200, **also}
    )


def run(folder: Path, searched: SearchSpace, stops: bool = True) -> list[Proposal]:
    """Ask and tell all trials: every fifth fails, every fourth may be stopped early."""
    study, proposals = study_of(folder, searched), []
    while not study.exhausted:
        proposals.append(proposal := study.ask())
        if proposal.number % 5 == 4:
            study.tell_infeasible(proposal.number, "nan_loss")
        elif stops and proposal.number % 4 == 3:
            study.tell_stopped(proposal.number, 2, StopReason.BELOW_FRONT)
        else:
            study.tell(proposal.number, outcome(proposal, latency_ms=5.0), "max_rounds")
    return proposals


def values(proposals: list[Proposal]) -> list[tuple[float, float, int]]:
    return [
        (p.config.prune.threshold, p.config.prune.rate, p.config.stop.max_rounds) for p in proposals
    ]


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3", "random", "qmc"])
def test_every_sampler_learns_from_what_ended_failed_and_was_stopped(
    tmp_path: Path, sampler: str
) -> None:
    bounds = {"accuracy": 0.8, "macs": 500, "latency_ms": 4.0}
    searched = space(FLAT, sampler, bounds=bounds)
    proposals = run(tmp_path, searched)
    assert len(set(values(proposals))) == 10
    assert all(0.5 <= threshold <= 0.9 for threshold, _, _ in values(proposals))
    states = [trial.state for trial in stored(tmp_path)]
    assert states.count(TrialState.PRUNED) == 2
    assert states.count(TrialState.COMPLETE) == 8


def test_gp_learns_from_what_ended_and_failed(tmp_path: Path) -> None:
    searched = space(FLAT, "gp", trials=6, bounds={"accuracy": 0.8})
    assert len(set(values(run(tmp_path, searched, stops=False)))) == 6


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3", "random", "grid"])
def test_conditional_settings_are_searched(tmp_path: Path, sampler: str) -> None:
    proposals = run(tmp_path, space(CONDITIONAL, sampler, trials=14))
    drawn = {(p.config.finetune.optimizer, p.config.finetune.learning_rate) for p in proposals}
    assert {optimizer for optimizer, _ in drawn} == {"sgd", "adamw"}
    assert all((rate <= 1e-3) == (optimizer == "adamw") for optimizer, rate in drawn)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "qmc"])
def test_a_reopened_study_proposes_the_same(tmp_path: Path, sampler: str) -> None:
    """With one worker the seed decides everything, however often the driver died."""
    drawn = []
    for name, restarts in (("a", False), ("b", True)):
        (tmp_path / name).mkdir()
        searched = space(FLAT, sampler, trials=6)
        study, proposals = study_of(tmp_path / name, searched), []
        for _ in range(6):
            study = study_of(tmp_path / name, searched) if restarts else study
            proposals.append(proposal := study.ask())
            study.tell(proposal.number, outcome(proposal), "max_rounds")
        drawn.append(values(proposals))
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("sampler", ["nsga2", "nsga3"])
def test_a_second_generation_does_not_depend_on_what_was_looked_at_before(
    tmp_path: Path, sampler: str
) -> None:
    """Half of the trials have parameters of their own, of which generations cross none."""
    drawn = []
    for name, restarts in (("a", False), ("b", True)):
        (tmp_path / name).mkdir()
        searched = space({**FLAT, **CONDITIONAL}, sampler, trials=56)
        study, proposals = study_of(tmp_path / name, searched), []
        for number in range(56):  # a generation is 50
            study = study_of(tmp_path / name, searched) if restarts and number > 50 else study
            proposals.append(proposal := study.ask())
            study.tell(proposal.number, outcome(proposal), "max_rounds")
        drawn.append([p.config for p in proposals])
    assert drawn[0] == drawn[1]


def test_a_grid_is_gone_through_once_in_an_order_of_the_seed(tmp_path: Path) -> None:
    searched = space(CONDITIONAL, "grid", trials=21)
    study = study_of(tmp_path, searched)
    first = [study.ask() for _ in range(10)]  # the driver dies
    study = study_of(tmp_path, searched)
    again = [study.reopen(number) for number in study.unfinished()]
    assert [p.config for p in again] == [p.config for p in first]
    rest = [study.ask() for _ in range(11)]
    points = [
        (p.config.finetune.optimizer, p.config.finetune.learning_rate, p.config.stop.max_rounds)
        for p in (*again, *rest)
    ]
    assert len(set(points)) == 21 == (5 + 2) * 3
    assert study.exhausted
    assert [point[2] for point in points] != sorted(point[2] for point in points)


def test_first_trials_are_tried_first_and_their_rest_is_drawn(tmp_path: Path) -> None:
    searched = space(FLAT, "tpe")
    study = study_of(tmp_path, searched)
    assert not study.is_begun
    study.begin([], [{"prune.rate": 0.25}, {"prune.threshold": 0.7, "stop.max_rounds": 8}])
    one = study.ask()
    study = study_of(tmp_path, searched)  # the driver died
    assert study.is_begun
    assert study.reopen(0).config == one.config
    two, three = study.ask(), study.ask()
    assert one.config.prune.rate == 0.25
    assert (two.config.prune.threshold, two.config.stop.max_rounds) == (0.7, 8)
    assert three.config.prune.rate not in (one.config.prune.rate, two.config.prune.rate)


def test_lessons_teach_and_are_no_trials_of_the_sweep(tmp_path: Path) -> None:
    searched = space(FLAT, "tpe", bounds={"accuracy": 0.9})
    params = {"prune.threshold": 0.8, "prune.rate": 0.2, "stop.max_rounds": 4}
    good = made_figures(accuracy=0.95, macs=300)
    lessons = [Lesson("old/trial-0", params, good), Lesson("old/trial-1", params, None)]
    study = study_of(tmp_path, searched)
    study.begin(lessons, [])
    study.begin(lessons, [])  # as after a kill in between: nothing twice
    assert (study.told, study.finished(), study.unfinished()) == (0, [], [])
    study = study_of(tmp_path, searched)
    own = study.ask()
    assert own.number == 0
    study.tell(0, outcome(own), "max_rounds")
    assert (study.told, study.finished(), study.recall(0)) == (1, [0], own)
    taught, failed, told = stored(tmp_path)
    assert (taught.values, failed.values) == ([0.95, 300.0], [0.0, 1000.0])
    assert failed.constraints == {USABLE: 1.0, "accuracy": 1.0}
    assert told.params["prune.threshold"] == own.config.prune.threshold


def test_bounds_and_failures_are_constraints(tmp_path: Path) -> None:
    bounds = {"accuracy": 0.8, "macs": 500, "latency_ms": 4.0}
    study = study_of(tmp_path, space(FLAT, "tpe", bounds=bounds))
    for latency_ms in (5.0, None):
        kept = made_figures(accuracy=0.9, macs=250, latency_ms=latency_ms)
        study.tell(study.ask().number, kept, "max_rounds")
    study.tell_infeasible(study.ask().number, "collapsed")
    study.tell_stopped(study.ask().number, 3, StopReason.BELOW_FRONT)
    missed, unknown, failed, stopped = stored(tmp_path)
    assert missed.constraints == pytest.approx(
        {USABLE: 0.0, "accuracy": -0.125, "macs": -0.5, "latency_ms": 0.2}
    )
    assert unknown.constraints["latency_ms"] == 1.0
    assert failed.constraints == dict.fromkeys((USABLE, *bounds), 1.0)
    assert (stopped.state, stopped.values) == (TrialState.PRUNED, None)
    assert stopped.constraints == dict.fromkeys((USABLE, *bounds), 0.0)
    assert study.stopped() == {3: 3}


def test_tpe_prefers_what_keeps_to_the_bounds(tmp_path: Path) -> None:
    """Accuracy falls with the rounds; at least 0.8 of it leaves 1 to 3 of 8 rounds."""
    drawn = {}
    for name, bounds in (("free", {}), ("bound", {"accuracy": 0.8})):
        (tmp_path / name).mkdir()
        searched = space(FLAT, "tpe", trials=40, startup_trials=10, bounds=bounds)
        study, rounds = study_of(tmp_path / name, searched), []
        while not study.exhausted:
            proposal = study.ask()
            found = proposal.config.stop.max_rounds
            macs = round(1000 * 0.7**found)
            told = made_figures(accuracy=0.95 - 0.05 * found, macs=macs)
            study.tell(proposal.number, told, "max_rounds")
            rounds.append(found)
        drawn[name] = sum(found <= 3 for found in rounds[10:])
    assert drawn["bound"] > drawn["free"] + 5
