"""Whole sweeps with budgets: what they spend, and how those trials end that ran meanwhile."""

from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState as Told

from tatl_search.manifest import SweepFolder
from tatl_search.records import StopReason, TrialState
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.study import SweepStudy
from tatl_search.search.sweep import launch, resume
from tatl_search.space import space_from_raw
from tests.integration.audit import stored_trials
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing

pytestmark = pytest.mark.usefixtures("ray_here")

ROOT, ROUND = 300, 200
"""Images: a hundred for three epochs at first, then for two in each of three rounds."""


def space(budget: dict[str, Any], **sweep: Any) -> dict[str, Any]:
    return faulty_space(trials=8, sweep={"budget": budget, **sweep})


def run(folder: Path, raw: dict[str, Any]) -> tuple[SweepResults, tuple[str, ...]]:
    end = launch(space_from_raw(raw), folder, hear_nothing)
    assert end.complete
    return load_sweep(folder), end.notes


def test_two_workers_overshoot_by_a_round_each_at_most(tmp_path: Path) -> None:
    """The first three trials share all they do, so that others are expected to cost half of it.

    Two that then run at once need 1,200 images, where 600 are left.
    """
    same = [{"prune": {"threshold": 0.5}}] * 3
    budget = ROOT + 3 * ROUND + 3 * ROUND
    raw = space({"images_trained": budget}, max_concurrent=2, start={"settings": same})
    results, (note,) = run(tmp_path / "sweep", raw)
    assert budget <= results.images_trained <= budget + 2 * ROUND
    assert note.startswith("ended by its budget.images_trained: ")
    stopped = {t.trial: t for t in results.trials if t.state is TrialState.STOPPED}
    assert stopped
    assert {trial.stop_reason for trial in stopped.values()} == {StopReason.BUDGET}
    for number, trial in stopped.items():
        rounds = [row.round for row in results.candidates if row.trial == number]
        assert rounds == list(range(trial.rounds + 1))
    told = {trial.number: trial.state for trial in stored_trials(tmp_path / "sweep")}
    ended = {trial.trial for trial in results.trials}
    assert {told[number] for number in stopped} == {Told.PRUNED}
    assert {told[number] for number in ended - set(stopped)} == {Told.COMPLETE}
    assert {told[number] for number in set(told) - ended} <= {Told.FAIL}  # it never began


def test_a_first_trial_that_is_too_long_is_stopped_and_stays_so(tmp_path: Path) -> None:
    folder, budget = tmp_path / "sweep", ROOT + ROUND + ROUND // 2
    results, notes = run(folder, space({"images_trained": budget}, max_concurrent=1))
    assert notes == ("ended by its budget.images_trained: 700 of 600, after 1 trials",)
    assert SweepFolder(folder).ended_by.read_text() == "budget.images_trained: 700 of 600"
    assert_stopped(results)

    (SweepFolder(folder).trials / "trial-00000.parquet").unlink()
    assert resume(folder, hear_nothing).complete
    assert_stopped(load_sweep(folder))


def assert_stopped(results: SweepResults) -> None:
    (trial,) = results.trials
    assert (trial.state, trial.stop_reason) == (TrialState.STOPPED, StopReason.BUDGET)
    assert [row.round for row in results.candidates] == [0, 1, 2]
    assert results.images_trained == ROOT + 2 * ROUND


def test_a_sweep_ends_where_no_trial_fits_any_more(tmp_path: Path) -> None:
    budget = ROOT + 3 * ROUND + 3 * ROUND - 1
    results, (note,) = run(tmp_path / "sweep", space({"images_trained": budget}, max_concurrent=1))
    assert results.images_trained == ROOT + 3 * ROUND
    assert note == (
        "ended by its budget.images_trained: 900 of 1,499 (about 600 more needed), after 1 trials"
    )
    assert [trial.state for trial in results.trials] == [TrialState.COMPLETE]


def test_minutes_end_what_runs(tmp_path: Path) -> None:
    """As if earlier drivers had taken all the time but for a moment."""
    raw = space({"minutes": 0.01}, max_concurrent=1)
    results, (note,) = run(tmp_path / "sweep", raw)
    assert note.startswith("ended by its budget.minutes: ")
    (trial,) = results.trials
    assert (trial.state, trial.stop_reason, trial.rounds) == (
        TrialState.STOPPED,
        StopReason.BUDGET,
        0,
    )


def test_a_trial_that_the_study_never_heard_of_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its driver died after its row was stored, and the budget had been used up by it."""
    folder, raw = tmp_path / "sweep", space({"images_trained": ROOT + 3 * ROUND}, max_concurrent=1)
    with monkeypatch.context() as patch:
        patch.setattr(SweepStudy, "tell", _die)
        assert not launch(space_from_raw(raw), folder, hear_nothing).complete
    assert [trial.state for trial in stored_trials(folder)] == [Told.RUNNING]
    assert len(load_sweep(folder).trials) == 1

    end = resume(folder, hear_nothing)
    assert end.notes == ("ended by its budget.images_trained: 900 of 900, after 1 trials",)
    assert [trial.state for trial in stored_trials(folder)] == [Told.COMPLETE]


def _die(*_: object) -> None:
    raise RuntimeError("the driver dies")
