"""What trials are expected to cost, counted by hand."""

import pytest

from tatl_search.config import AdaptationConfig
from tatl_search.core.expense import Cost, Experience, Planned, Reached, planned

TRIAL = Planned(first=300, rounds=4, round_images=100, pieces=2, piece_images=50)


def config(**stop: int) -> AdaptationConfig:
    return AdaptationConfig.model_validate(
        {
            "finetune": {"epochs": 3},
            "retrain": {"epochs": 2},
            "finish": {"epochs": 5, "pieces": 2},
            "stop": {"max_rounds": 4, **stop},
        }
    )


def test_what_a_trial_needs_follows_from_its_settings() -> None:
    assert planned(config(), images=10) == Planned(30, 4, 20, 2, 50)
    assert planned(AdaptationConfig(), images=10).pieces == 0


@pytest.mark.parametrize(("epochs", "rounds"), [(2, 0), (3, 0), (4, 1), (7, 2), (99, 4)])
def test_epochs_may_bound_the_rounds(epochs: int, rounds: int) -> None:
    assert planned(config(max_epochs=epochs), images=10).rounds == rounds


def test_without_experience_all_is_expected_and_time_is_unknown() -> None:
    assert Experience().expect(TRIAL) == Cost(images=300 + 400 + 100)


def test_what_is_left_shrinks_as_a_trial_comes_on() -> None:
    expect = Experience().expect
    assert expect(TRIAL, Reached(0, 0, prunes=True)).images == 400 + 100
    assert expect(TRIAL, Reached(3, 0, prunes=True)).images == 100 + 100
    assert expect(TRIAL, Reached(2, 0, prunes=False)).images == 100  # a criterion fired
    assert expect(TRIAL, Reached(2, 1, prunes=False)).images == 50
    assert expect(TRIAL, Reached(2, 2, prunes=False)).images == 0


def test_a_promoted_trial_pays_for_its_last_pieces_alone() -> None:
    promoted = Planned(0, 4, 100, pieces=3, piece_images=50, stored_pieces=2)
    expect = Experience().expect
    assert expect(promoted).images == 50
    assert expect(promoted, Reached(1, 0, prunes=True)).images == 50
    assert expect(promoted, Reached(4, 3, prunes=False)).images == 0


def test_the_share_of_rounds_that_is_paid_for_is_learnt_beside_one_that_pays_for_all() -> None:
    known = Experience()
    known.hear_trial(TRIAL, paid=0, work_s=0.0, wall_s=0.0)
    assert known.paid_share == 1 / 2
    for _ in range(2):
        known.hear_trial(TRIAL, paid=200, work_s=0.0, wall_s=0.0)
    assert known.paid_share == (400 + 400) / (1200 + 400)
    assert known.expect(TRIAL).images == 300 + 200 + 100
    # It has gone beyond the usual, and the next round begins all the same.
    assert known.expect(TRIAL, Reached(3, 0, prunes=True)).images == 100 + 100


def test_promoted_trials_say_nothing_of_rounds() -> None:
    known = Experience()
    known.hear_trial(Planned(0, 4, 100, 3, 50, stored_pieces=2), 0, 1.0, 1.0)
    assert known.paid_share == 1.0


def test_time_is_that_of_trials_once_there_are_any() -> None:
    known = Experience()
    known.hear_network(images=100, work_s=1.0, of_trial=False)  # on all CPUs
    first = known.expect(Planned(first=50))
    assert (first.work_s, first.wall_s) == (0.5, 0.5)
    known.hear_network(images=100, work_s=2.0, of_trial=True)
    known.hear_trial(TRIAL, paid=100, work_s=2.0, wall_s=3.0)  # choosing filters takes time too
    later = known.expect(Planned(first=50))
    assert (later.work_s, later.wall_s) == (1.0, 1.5)
