"""WealthAdapt's choice: which source classes are near, by eye, and what it takes to see it."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from tatl_search.config import PruneSettings, WealthSettings
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import Spent
from tatl_search.errors import InputError
from tatl_search.methods.companions import with_companions
from tatl_search.methods.context import Choice, Context, Learnt, Source
from tatl_search.methods.wealth import METHOD, choose_companions, look, nearness
from tests.methods.contexts import context_of

COLOURS = torch.tensor(  # red, green, blue and two in between
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.2, 0.0], [0.0, 0.3, 1.0]]
)
NAMES = ("red", "green", "blue", "orange", "azure")


class Colours(nn.Sequential):
    """A convolution that a head could follow; the head reads the mean of each colour."""

    def __init__(self) -> None:
        first, head = nn.Conv2d(3, 3, 1, bias=False), nn.Linear(3, 2)
        nn.init.eye_(first.weight.data.view(3, 3))
        super().__init__(first, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


def painted(labels: torch.Tensor) -> torch.Tensor:
    """Return images (B, 3, 4, 4), each of the colour of its label, some brighter than others."""
    brightness = 1.0 + torch.arange(len(labels)) % 3
    return (COLOURS[labels] * brightness[:, None])[:, :, None, None].expand(-1, -1, 4, 4)


def context(learn: Callable[..., Learnt] | None = None, **wealth: object) -> Context:
    """Return the context of a target of reds and blues, beside a source of all five colours."""
    labels = torch.tensor([0, 2, 0, 2])
    images, target = painted(labels), Colours()
    made = context_of(target, images, (labels == 2).long(), wealth=wealth)
    source_labels = torch.tensor([4, 1, 0, 2, 3, 3, 1, 0, 4, 2, 2, 0, 1])
    source = list(
        zip(torch.split(painted(source_labels), 5), torch.split(source_labels, 5), strict=True)
    )
    for name, value in {
        "source_images": lambda: iter(source),
        "source": Source(NAMES, "f" * 64),
        "pretrained": Colours,
        "learn": learn or made.learn,
    }.items():
        object.__setattr__(made, name, value)
    return made


def test_the_nearest_colours_are_taken() -> None:
    """Red and blue are there themselves; orange and azure are next, azure less like blue."""
    found = choose_companions(context(classes=4, images_per_class=2))
    assert found.classes == 4
    assert found.note == (
        "learns 8 images of the source besides, at most 2 a class, of the classes nearest to the"
        " target: red, blue, orange, azure"
    )
    assert found.rows.tolist() == [2, 7, 3, 9, 4, 5, 0, 8]
    assert found.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_what_it_takes_is_counted() -> None:
    """Four images of the target; of the source at most two of each of the five classes."""
    found = choose_companions(context(classes=2, images_per_class=2))
    assert found.spent == Spent(images_forward=4 + 5 * 2)


def test_more_than_there_is_takes_all() -> None:
    found = choose_companions(context(classes=50, images_per_class=50))
    assert (found.classes, len(found.rows)) == (5, 13)


def test_what_is_learnt_is_named_by_all_that_decides_it() -> None:
    names = []

    def learn(name: str, make: Callable[[Context], Learnt]) -> Learnt:
        names.append(name)
        return make(context())

    choose_companions(context(learn, classes=3, images_per_class=7))
    assert names == ["wealth-3x7-ffffffffffffffff"]


def test_without_a_source_it_says_so() -> None:
    labels = torch.tensor([0, 1])
    with pytest.raises(InputError, match="needs images of a source task"):
        choose_companions(context_of(Colours(), painted(labels), labels))


def test_looking_changes_no_mode_and_no_weight() -> None:
    network = Colours().train()
    before = network.get_parameter("0.weight").clone()
    seen = look(network, lambda: iter([(painted(torch.tensor([1, 1])), torch.tensor([1, 1]))]))
    assert network.training
    assert torch.equal(before, network.get_parameter("0.weight"))
    np.testing.assert_allclose(seen.means, [[0.0, 1.0, 0.0]])


points = arrays(np.float64, (4, 3), elements=st.floats(-5, 5))


@given(points, points)
def test_nearness_is_the_least_of_the_distances(source: np.ndarray, target: np.ndarray) -> None:
    naive = [min(np.linalg.norm(one - other) for other in target) for one in source]
    np.testing.assert_allclose(nearness(source, target), naive)


def test_the_weight_decays_by_the_round_alone() -> None:
    assert METHOD.joint is not None
    settings = PruneSettings(wealth=WealthSettings(weight=2.0, decay=0.5))
    assert [METHOD.joint.weight(settings, number) for number in (1, 2, 3)] == [2.0, 1.0, 0.5]


def test_the_plan_tells_and_the_choice_counts() -> None:
    companions = choose_companions(context(classes=2, images_per_class=1))
    choice = with_companions(Choice(PrunePlan((), ("one",)), Spent(1, 2)), companions)
    assert choice.plan.notes == ("one", companions.note)
    assert choice.spent == Spent(1 + 9, 2)
