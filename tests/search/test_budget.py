"""Whole sweeps with budgets: what they spend, and how those trials end that ran meanwhile."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState as Told

from tatl_search.api import pick
from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, StopReason, TrialState
from tatl_search.results.confirmation import seed_of_row, stored_confirmations
from tatl_search.results.status import sweep_status
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.confirm import to_confirm
from tatl_search.search.confirming import affordable_runs
from tatl_search.search.study import SweepStudy
from tatl_search.search.sweep import launch, resume
from tatl_search.space import space_from_raw
from tatl_search.tracking.naming import row_path
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
        with pytest.raises(RuntimeError, match="the driver dies"):
            launch(space_from_raw(raw), folder, hear_nothing)
    assert [trial.state for trial in stored_trials(folder)] == [Told.RUNNING]
    assert len(load_sweep(folder).trials) == 1

    end = resume(folder, hear_nothing)
    assert end.notes == ("ended by its budget.images_trained: 900 of 900, after 1 trials",)
    assert [trial.state for trial in stored_trials(folder)] == [Told.COMPLETE]


def _die(*_: object) -> None:
    raise RuntimeError("the driver dies")


CONFIRMED = {"images_trained": 2 * (ROOT + 3 * ROUND) + 2 * (ROOT + ROUND), "confirm": 0.4}
"""Of 2,800 images 1,120 are kept: they hold a fresh root and three rounds."""


@pytest.fixture
def confirmed(tmp_path: Path) -> tuple[SweepResults, list[CandidateRecord]]:
    """Return a sweep of one trial, of which the front was confirmed, and the rows of that."""
    raw = space(CONFIRMED, max_concurrent=1)
    raw["sweep"]["trials"] = 1
    results, notes = run(tmp_path / "sweep", raw)
    assert notes == ()
    return results, stored_confirmations(results.folder)


def test_a_share_of_the_images_confirms_the_front(
    confirmed: tuple[SweepResults, list[CandidateRecord]],
) -> None:
    results, again = confirmed
    spent = sum(row.images_trained for row in again)
    kept = results.manifest.sweep.budget.to_confirm
    assert 0 < spent <= kept
    assert results.images_trained + spent <= CONFIRMED["images_trained"]
    deepest = max(row.round for row in to_confirm(results))
    alone = ROOT + deepest * ROUND  # of each seed: nothing is shared
    assert {seed_of_row(row) for row in again} == set(range(1, kept // alone + 1))
    assert [row.round for row in again if seed_of_row(row) == 1] == list(range(deepest + 1))
    choice = pick(results)
    assert any("fresh seed" in note for note in choice.notes)
    assert sweep_status(results, running=False)["images_confirming"] == spent
    assert affordable_runs(results) == []


def test_a_resume_goes_on_confirming_and_pays_nothing_twice(
    confirmed: tuple[SweepResults, list[CandidateRecord]],
) -> None:
    results, before = confirmed
    last = max(before, key=lambda row: (seed_of_row(row), row.round))
    lost = row_path(results.folder, last)
    lost.unlink()
    shutil.rmtree(results.folder.stages / last.stage)
    assert resume(results.folder.root, hear_nothing).complete
    after = stored_confirmations(results.folder)
    assert [(row.label, row.stage) for row in after] == [(row.label, row.stage) for row in before]
    assert sum(row.images_trained for row in after) == sum(row.images_trained for row in before)
    assert load_sweep(results.folder.root).candidates == results.candidates


def test_without_a_bound_on_images_there_is_no_share_of_them() -> None:
    with pytest.raises(InputError, match=r"budget.*confirm: is a share of images_trained"):
        space_from_raw(space({"confirm": 0.2}))
