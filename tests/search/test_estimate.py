"""What a sweep will cost at most, checked by hand."""

from typing import Any

import pytest

from tatl_search.search.estimate import SweepEstimate, estimate_sweep
from tatl_search.space import space_from_raw

IMAGES = 50  # 5 of each of 10 digits


def estimated(cpus: int = 4, **sections: Any) -> SweepEstimate:
    raw = {
        "sweep": {"trials": 6},
        "data": {"image_size": 32, "per_class": 5},
        "network": {"name": "torchvision/squeezenet1_1", "weights": "random"},
        "finetune": {"epochs": 4, "batch_size": 10},
        "retrain": {"epochs": 2, "batch_size": 10},
        "stop": {"max_rounds": {"low": 1, "high": 3}},
    }
    return estimate_sweep(space_from_raw({**raw, **sections}), cpus)


def test_a_first_fine_tuning_that_trials_share_is_counted_once() -> None:
    estimate = estimated()
    assert (estimate.trials, estimate.candidates) == (6, 18)
    assert estimate.images_trained == IMAGES * (4 + 6 * 3 * 2)
    # SqueezeNet 1.1 with ten classes: 727,626 parameters of 4 bytes; 18 networks and the unpruned.
    assert estimate.disk_mb == pytest.approx(19 * 727_626 * 4 / 1e6, rel=0.02)


def test_without_sharing_every_trial_pays() -> None:
    rates = {"epochs": 4, "batch_size": 10, "learning_rate": {"low": 0.01, "high": 0.1}}
    assert estimated(finetune=rates).images_trained == IMAGES * 6 * (4 + 3 * 2)


def test_the_longest_trial_counts() -> None:
    epochs = {"epochs": {"low": 2, "high": 8}, "batch_size": 10}
    estimate = estimated(finetune=epochs, prune={"rate": {"low": 0.1, "high": 0.3}})
    assert estimate.candidates == 18
    assert estimate.images_trained == IMAGES * 6 * (8 + 3 * 2)


def test_each_piece_of_finishing_is_a_network_and_its_epochs() -> None:
    estimate = estimated(
        finish={"epochs": {"low": 0, "high": 8, "step": 4}, "pieces": {"low": 1, "high": 3}}
    )
    assert estimate.candidates == 6 * (3 + 3)
    assert estimate.images_trained == IMAGES * (4 + 6 * (3 * 2 + 3 * 8))


def test_promoted_trials_pay_for_no_more_than_new_ones() -> None:
    finish = {"epochs": 8, "pieces": {"low": 1, "high": 5}}
    estimate = estimated(finish=finish, sweep={"trials": 6, "promote": True})
    assert estimate.candidates == 6 * (3 + 1)
    assert estimate.images_trained == IMAGES * (4 + 6 * (3 * 2 + 8))


def test_baselines_train_as_long_as_the_longest_trial() -> None:
    with_two = estimated(baselines=[{"image_size": 24}, {"image_size": 16}])
    assert with_two.images_trained - estimated().images_trained == IMAGES * 2 * (4 + 3 * 2)


@pytest.mark.parametrize(
    ("cpus", "sweep", "at_once"),
    [
        (4, {}, 4),
        (4, {"cpus_per_trial": 2}, 2),
        (4, {"max_concurrent": 3}, 3),
        (1, {"cpus_per_trial": 2}, 1),
    ],
)
def test_as_many_run_at_once_as_fit(cpus: int, sweep: dict[str, int], at_once: int) -> None:
    estimate = estimated(cpus, sweep={"trials": 6, **sweep})
    assert estimate.concurrent == at_once
    assert 0 < estimate.minutes < 60


def test_a_budget_is_told() -> None:
    budget = {"minutes": 30, "images_trained": 20_000, "stale": {"trials": 8, "growth": 0.02}}
    estimate = estimated(sweep={"trials": 6, "budget": budget})
    assert str(estimate).splitlines()[-1] == (
        "Its budget may end it earlier: 30 min, 20,000 training images, 8 trials without 2 % more"
        " log area."
    )


def test_no_more_is_expected_than_a_budget_holds() -> None:
    whole = estimated(sweep={"trials": 1000})
    budget = {"images_trained": 20_000}
    held = estimated(sweep={"trials": 1000, "budget": budget})
    assert held.images_trained == 20_000 < whole.images_trained
    assert held.candidates == 20_000 // IMAGES < whole.candidates
    assert held.minutes < whole.minutes / 2
    assert held.disk_mb < whole.disk_mb
    assert estimated(sweep={"trials": 1000, "budget": {"minutes": 0.5}}).minutes < 0.51


def test_a_budget_that_holds_no_trial_is_warned_of() -> None:
    """A first fine-tuning of 4 epochs, 2 rounds of 2 in the middle, a piece of 3."""
    more: dict[str, Any] = {"finish": {"epochs": 3, "pieces": {"low": 1, "high": 3}}}
    needed = IMAGES * (4 + 2 * 2 + 3)

    def warnings(**budget: float) -> tuple[str, ...]:
        return estimated(sweep={"promote": True, "budget": budget}, **more).warnings

    assert warnings(images_trained=needed, minutes=600) == ()
    (of_images,) = warnings(images_trained=needed - 1)
    assert "sweep.budget.images_trained is 549" in of_images
    assert "550 images" in of_images
    (of_minutes,) = warnings(minutes=1e-6)
    assert "sweep.budget.minutes is 1e-06" in of_minutes


def test_in_words() -> None:
    text = str(SweepEstimate(10, 70, 59_400, 143.2, 2, 4.2, 973.4))
    assert text.splitlines() == [
        "10 trials, at most 70 candidates and 59,400 training images",
        "about 5 min on this machine's CPUs at most (2 at once, 143 images/s each)",
        "973 MB of disk at most",
        "Pruned networks train faster and shared rounds are paid once: expect less.",
    ]
