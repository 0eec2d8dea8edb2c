"""Trials that go on where others stopped, in a real study with a real journal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tatl_search.figures import MACS, PARAMETERS, SIZE_BYTES
from tatl_search.records import StopReason
from tatl_search.search.rungs import IMAGES, RUNG
from tatl_search.search.study import Proposal, SweepStudy
from tatl_search.space import SearchSpace, space_from_raw
from tests.tracking.made import made_figures

REFERENCE = {MACS: 1000.0, PARAMETERS: 100.0, SIZE_BYTES: 400.0}
NEW, PIECE = 1000, 400
"""Images that a new trial and a further piece cost."""


def space(sampler: str = "tpe", **sweep: Any) -> SearchSpace:
    own = {"trials": 50, "startup_trials": 3, "sampler": sampler, "promote": True, **sweep}
    return space_from_raw(
        {
            "sweep": own,
            "prune": {
                "threshold": {"low": 0.5, "high": 0.9},
                "method": {"choices": {"l1": None, "tatl": {"rate": {"low": 0.1, "high": 0.3}}}},
            },
            "finish": {"epochs": 2, "pieces": {"low": 1, "high": 3}},
        }
    )


def open_study(folder: Path, searched: SearchSpace) -> SweepStudy:
    return SweepStudy(folder / "study.journal", "test", searched, 0, REFERENCE)


def settings(proposal: Proposal) -> str:
    """Return what a trial has in common with those it shares stages with."""
    return proposal.config.after(3).model_dump_json()


def tell(study: SweepStudy, proposal: Proposal, accuracy: float) -> None:
    pieces = proposal.config.finish.pieces
    last = made_figures(accuracy=accuracy, macs=300, parameters=50, size_bytes=200)
    study.tell(proposal.number, last, "max_rounds", NEW + (pieces - 1) * PIECE)


def test_the_best_goes_on_and_new_ones_are_tried_for_as_many_images(tmp_path: Path) -> None:
    study = open_study(tmp_path, space())
    told = []
    for accuracy in (0.7, 0.75, 0.76, 0.6, 0.65, 0.8):
        proposal = study.ask()
        told.append((settings(proposal), proposal.config.finish.pieces))
        tell(study, proposal, accuracy)
    first, *_ = told
    # 1,000 images for the first; 400 + 400 take it to the top; then new ones, none of them better
    # on the first rung than 0.7, until one is.
    assert told[:3] == [(first[0], 1), (first[0], 2), (first[0], 3)]
    assert [pieces for _, pieces in told[3:]] == [1, 1, 1]
    assert len({name for name, _ in told}) == 4
    best = study.ask()
    assert (settings(best), best.config.finish.pieces) == (told[5][0], 2)
    # While that one is under way, nobody else deserves to go on.
    assert study.ask().config.finish.pieces == 1


def test_who_goes_on_is_known_after_a_crash(tmp_path: Path) -> None:
    study = open_study(tmp_path, space())
    tell(study, first := study.ask(), 0.7)
    going_on = study.ask()
    again = open_study(tmp_path, space())
    assert again.unfinished() == [1]
    assert again.reopen(1).config == going_on.config
    assert settings(going_on) == settings(first)
    assert again.ask().config.finish.pieces == 1
    trial = again._study.get_trials()[0]
    assert (trial.user_attrs[IMAGES], trial.params[RUNG]) == (NEW, 1)


def test_what_was_paid_does_not_decide_who_goes_on(tmp_path: Path) -> None:
    """Only what trials would cost with nothing shared does: that is the same in any storage."""
    study = open_study(tmp_path, space())
    study.begin(lessons=[], first=[{"finish.pieces": 2}])
    tell(study, study.ask(), 0.7)  # begins on the second rung: nothing was spent on climbing
    tell(study, new := study.ask(), 0.7)
    assert (new.config.finish.pieces, study.is_promoted(new.number)) == (1, False)
    tell(study, first := study.ask(), 0.71)
    assert study.is_promoted(first.number)
    assert [study.is_promoted(number) for number in range(3)] == [False, False, True]


def test_who_costs_too_much_does_not_go_on(tmp_path: Path) -> None:
    """Finishing makes no network cheaper; it may make one accurate enough."""
    for bounds, pieces in (({"macs": 250.0}, 1), ({"accuracy": 0.9}, 2)):
        place = tmp_path / next(iter(bounds))
        place.mkdir()
        study = open_study(place, space(bounds=bounds))
        tell(study, study.ask(), 0.7)
        assert study.ask().config.finish.pieces == pieces


def failed(study: SweepStudy, number: int) -> None:
    study.tell_infeasible(number, "nan_loss")


def stopped(study: SweepStudy, number: int) -> None:
    study.tell_stopped(number, 2, StopReason.BELOW_FRONT)


@pytest.mark.parametrize("ends", [failed, stopped])
def test_who_fails_or_is_stopped_on_its_way_is_not_sent_again(
    tmp_path: Path, ends: Callable[[SweepStudy, int], None]
) -> None:
    study = open_study(tmp_path, space())
    tell(study, study.ask(), 0.7)
    ends(study, study.ask().number)
    assert study.ask().config.finish.pieces == 1


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3", "random"])
def test_whoever_proposes_new_trials_begin_at_the_bottom(tmp_path: Path, sampler: str) -> None:
    study = open_study(tmp_path, space(sampler))
    study.begin(lessons=[], first=[{"prune.threshold": 0.8}])
    proposals = []
    for number in range(24):
        proposals.append(proposal := study.ask())
        tell(study, proposal, 0.5 + 0.01 * (number % 7) + 0.05 * proposal.config.finish.pieces)
    assert proposals[0].config.prune.threshold == 0.8
    pieces = [proposal.config.finish.pieces for proposal in proposals]
    assert set(pieces) == {1, 2, 3}
    reached: dict[str, list[int]] = {}
    for proposal in proposals:
        reached.setdefault(settings(proposal), []).append(proposal.config.finish.pieces)
    assert all(rungs == list(range(1, len(rungs) + 1)) for rungs in reached.values())
    assert len(reached) > 3
