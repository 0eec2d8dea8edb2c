"""The recipe: arithmetic that holds for facts of every kind."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tatl_search.config import AdaptationConfig
from tatl_search.newcomer.facts import Facts
from tatl_search.newcomer.recipe import (
    LEAST_IMAGES,
    MOST_BATCH,
    SHORT_STEPS,
    TRIALS,
    Given,
    batch_size,
    compose,
    epochs,
    input_sides,
    lengths,
    may_flip,
)
from tatl_search.space import space_from_raw
from tatl_search.space.given import flat
from tatl_search.space.given import given as fits
from tests.newcomer.kinds import facts_of, kinds, settled


@settings(max_examples=60)
@given(facts=kinds(), given=settled())
def test_whatever_the_images_it_is_a_search_space(facts: Facts, given: Given) -> None:
    raw = compose(facts, given)
    space = space_from_raw(raw)
    searched = {name for name, _ in space.parameters}
    assert {"start", "stop.target_macs_share", "retrain.learning_rate"} <= searched
    assert ("prune.rounds" in searched) is not given.rate
    ends = [raw["data"]["image_size"]] if len(input_sides(facts, given)) == 1 else []
    assert all(isinstance(side, int) for side in ends)
    assert space.sweep.budget.images_trained is None or not given.length


@settings(max_examples=60)
@given(facts=kinds(), given=settled())
def test_first_trials_are_settled_and_within_the_space(facts: Facts, given: Given) -> None:
    space = space_from_raw(compose(facts, given))
    assert len(space.sweep.start.settings) >= 4
    for trial in space.sweep.start.settings:
        found = fits(space.section, trial)
        settled_already = {"data.image_size": len(input_sides(facts, given)) == 1}
        settled_already["prune.rounds"] = given.rate
        assert set(found.refused) <= {path for path, holds in settled_already.items() if holds}
        assert found.open == ()


@given(images=st.integers(2, 10_000_000), steps=st.integers(1, 5000))
def test_epochs_come_closest_to_the_steps(images: int, steps: int) -> None:
    batch = batch_size(images)
    assert 2 <= batch <= min(images, MOST_BATCH)
    found = epochs(steps, batch, images)
    off = abs(found * images / batch - steps)
    assert found == 1 or off <= images / batch / 2 + 1e-6


def test_lengths_of_small_and_large_sets() -> None:
    assert lengths(1_000) == (2, 4, 8)  # 100, 200 and 400 steps of 20 images
    assert lengths(128).short == round(SHORT_STEPS * 16 / 128)
    assert lengths(1_000_000) == (1, 1, 1)


@pytest.mark.parametrize(
    ("side", "sides"),
    [(8, (64, 48, 32)), (64, (64, 48, 32)), (80, (96, 64, 48)), (500, (128, 96, 64))],
)
def test_inputs_follow_from_the_size_of_the_images(side: int, sides: tuple[int, ...]) -> None:
    facts = facts_of(50, 50, side=side)
    assert input_sides(facts) == sides
    raw = compose(facts)
    assert raw["data"]["image_size"] == {"choices": list(sides)}
    assert [baseline["image_size"] for baseline in raw["baselines"]] == list(sides[1:])


def test_an_input_that_somebody_gave_is_the_only_one() -> None:
    raw = compose(facts_of(50, 50), Given(image_sizes=(96,)))
    assert raw["data"]["image_size"] == 96
    last = lengths(100).finish
    assert raw["baselines"] == [{"image_size": side, "epochs": last} for side in (72, 48)]


def test_packed_images_are_not_scaled() -> None:
    facts = facts_of(50, 50, fixed_side=80)
    assert compose(facts)["data"]["image_size"] == 80
    assert "baselines" not in compose(facts)
    cropped = compose(facts, Given(image_sizes=(64,)))["data"]
    assert (cropped["image_size"], cropped["storage_size"]) == (64, 80)


@pytest.mark.parametrize(
    ("names", "is_grey", "flips"),
    [
        (("cat", "dog"), False, True),
        (("cat", "dog"), True, False),  # as letters are
        (("0", "1", "2"), False, False),
        (("a", "b", "c"), False, False),
        (("turn left", "turn right", "stop"), False, False),
        (("Keep_Left", "yield"), False, False),
        (("n02085620-Chihuahua", "n02085782-spaniel"), False, True),
        (("猫頭鷹", "小鳥類"), False, True),
    ],
)
def test_only_what_may_be_mirrored_is(names: tuple[str, ...], is_grey: bool, flips: bool) -> None:
    facts = facts_of(*[9] * len(names), class_names=names, is_grey=is_grey)
    assert may_flip(facts) is flips
    assert compose(facts)["data"]["augment"]["flip"] == flips


def test_strong_imbalance_weighs_classes() -> None:
    assert compose(facts_of(100, 20))["data"]["class_weights"] == "balanced"
    assert "class_weights" not in compose(facts_of(100, 21))["data"]


@pytest.mark.parametrize("name", [None, "timm/tf_efficientnet_lite0"])
def test_the_network_at_hand_does_not_compete_with_itself(name: str | None) -> None:
    assert all(
        "network" not in one for one in compose(facts_of(9, 9), Given(network=name))["baselines"]
    )


def test_the_network_at_hand_competes_with_another() -> None:
    baselines = compose(facts_of(9, 9), Given(network="torchvision/resnet18"))["baselines"]
    assert baselines[-1]["network"] == {"name": "timm/tf_efficientnet_lite0", "weights": "embedded"}


def test_budgets_grow_with_the_images() -> None:
    def budget(images: int) -> Any:
        return compose(facts_of(images, images))["sweep"]["budget"]["images_trained"]

    assert budget(1_000) >= LEAST_IMAGES
    assert budget(50_000) == TRIALS * 3 * 100_000  # two rounds of an epoch and a finishing of one


def test_first_trials_name_settings_that_exist() -> None:
    known = flat(AdaptationConfig().model_dump(mode="json"))
    named = {
        path
        for trial in compose(facts_of(9, 9))["sweep"]["start"]["settings"]
        for path in flat(trial)
    }
    assert named <= set(known)
