"""A journal that is older than the rows: what was finished keeps its number and its settings."""

from pathlib import Path

import pytest
from optuna.trial import TrialState as Told

from tatl_search.records import CandidateRecord, TrialRecord, TrialState
from tatl_search.search.readmission import readmit
from tatl_search.search.refusal import RefusedTrialError
from tatl_search.search.study import Proposal
from tatl_search.space import space_from_raw
from tests.search.test_study import open_study, outcome, space, stored
from tests.tracking.made import made_candidate, made_trial


def candidate(proposal: Proposal) -> CandidateRecord:
    settings = proposal.config.model_dump_json()
    return made_candidate(trial=proposal.number, settings=settings)


def ended(proposal: Proposal, state: TrialState) -> TrialRecord:
    settings = proposal.config.model_dump_json()
    return made_trial(trial=proposal.number, state=state, rounds=2, settings=settings)


def test_trials_come_back_from_their_rows(tmp_path: Path) -> None:
    (tmp_path / "lost").mkdir()
    lost = open_study(tmp_path / "lost", space(trials=6))
    proposals = [lost.ask() for _ in range(5)]
    thresholds = [proposal.config.prune.threshold for proposal in proposals]

    searched = space(trials=6)
    study = open_study(tmp_path, searched)
    assert study.ask().number == 0  # all that the snapshot knows
    candidates = [candidate(proposals[n]) for n in (0, 1, 4)]
    trials = [ended(proposals[2], TrialState.STOPPED), ended(proposals[4], TrialState.COMPLETE)]
    (note,) = readmit(study, searched, candidates, trials)
    assert note.startswith("4 trials that the journal does not know")

    study.release()
    again = open_study(tmp_path, searched)
    assert again.unfinished() == [0, 1, 3, 4]
    assert again.stopped() == {2: 2}
    assert again.told == 1
    for number in (1, 4):
        proposal = again.reopen(number)
        assert (proposal.number, proposal.attempt) == (number, 1)
        assert proposal.config.prune.threshold == thresholds[number]
        again.tell(number, outcome(0.9, 500.0), "max_rounds")
    assert stored(tmp_path)[2].params["prune.threshold"] == thresholds[2]
    assert 0.5 <= again.reopen(3).config.prune.threshold <= 0.9
    assert [trial.state for trial in stored(tmp_path)] == [
        Told.RUNNING, Told.COMPLETE, Told.PRUNED, Told.RUNNING, Told.COMPLETE,
    ]  # fmt: skip
    assert again.ask().number == 5


def test_a_journal_that_knows_all_stays_as_it_is(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    proposal = study.ask()
    was = (tmp_path / "study.journal").read_bytes()
    assert readmit(study, space(), [candidate(proposal)], []) == []
    assert (tmp_path / "study.journal").read_bytes() == was


def test_a_refused_trial_comes_back_from_its_row(tmp_path: Path) -> None:
    """Its settings do not go together: that is told again, and `resume` goes on."""
    legr = {"tournament": {"low": 4, "high": 64}, "population": {"low": 8, "high": 64}}
    searched = space_from_raw({"sweep": {"trials": 3}, "prune": {"method": "legr", "legr": legr}})
    (tmp_path / "lost").mkdir()
    lost = open_study(tmp_path / "lost", searched)
    lost.begin([], [{"prune.legr.tournament": 64, "prune.legr.population": 8}])
    with pytest.raises(RefusedTrialError) as refused:
        lost.ask()
    study = open_study(tmp_path, searched)
    readmit(study, searched, [], [refused.value.record("made")])
    assert study.unfinished() == [0]
    with pytest.raises(RefusedTrialError, match="tournament <= population"):
        study.reopen(0)
