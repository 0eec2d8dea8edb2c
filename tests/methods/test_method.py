"""What a method does with its parts."""

import dataclasses

import numpy as np
import pytest

from tatl_search.core.spent import Spent
from tatl_search.methods.context import Scores
from tatl_search.methods.registry import METHODS
from tests.methods.contexts import context_by_hand

SCORES = Scores(
    {"first": np.array([80.0, 5.0, 10.0, 5.0]), "second": np.full(6, 1.0)}, Spent(images_forward=7)
)


@pytest.mark.parametrize(
    ("normalize", "pruned"),
    [(None, ["first"]), ("none", ["second"]), ("mean", ["first"]), ("max", ["first"])],
)
def test_scores_are_made_comparable_before_they_are_allocated(
    normalize: str | None, pruned: list[str]
) -> None:
    """As they are the second group's are all lower; L2 norms are compared to their mean."""
    choice = METHODS["l2"].choose(context_by_hand(rate=0.05, normalize=normalize), SCORES)
    assert list(choice.plan.pruned_sets()) == pruned
    assert choice.spent == Spent(images_forward=7)


def test_the_label_says_how_many_images_were_asked_for() -> None:
    settings = context_by_hand(statistics_images=50).settings
    labels = {name: METHODS[name].score.label(settings) for name in METHODS.builtin}
    assert labels["tatl"] == labels["activation"] == "activation-of-50"
    assert labels["l2"] == "l2"


def test_everybody_is_offered_an_eighth_of_the_images() -> None:
    context = context_by_hand()
    counts = [
        dataclasses.replace(context, image_count=images).sample_count
        for images in (100, 256, 1000, 4000)
    ]
    assert counts == [100, 256, 256, 500]
