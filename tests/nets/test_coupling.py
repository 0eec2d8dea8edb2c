"""What can be followed through a network is pruned; what cannot is left alone, and said."""

import copy
import logging

import pytest
import torch
from torch import Tensor, nn

from tatl_search.core.plan import PrunePlan
from tatl_search.errors import InputError
from tatl_search.nets.groups import Group, find_groups, survey
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.support import check_supported
from tatl_search.nets.surgery import prune
from tests.nets.lively import some_images, take

SIZE = 8


class Halves(nn.Module):
    """A layer of 8 channels, added to two of 4 that are joined -> conv 5 -> linear 2."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = nn.Conv2d(3, 8, 1)
        self.norm = nn.BatchNorm2d(8)
        self.left, self.right = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1)
        self.last = nn.Conv2d(8, 5, 1)
        self.head = nn.Linear(5, 2)

    def forward(self, images: Tensor) -> Tensor:
        joined = torch.cat([self.left(images), self.right(images)], 1)
        read = torch.relu(self.last(torch.relu(self.norm(self.whole(images)) + joined)))
        scores: Tensor = self.head(read.mean((2, 3)))
        return scores


class Doubled(nn.Module):
    """A layer of 8 channels, added to one of 4 that is joined with itself -> linear 2."""

    def __init__(self) -> None:
        super().__init__()
        self.whole, self.part = nn.Conv2d(3, 8, 1), nn.Conv2d(3, 4, 1)
        self.head = nn.Linear(8, 2)

    def forward(self, images: Tensor) -> Tensor:
        part = torch.relu(self.part(images))
        both = torch.relu(self.whole(images) + torch.cat([part, part], 1))
        scores: Tensor = self.head(both.mean((2, 3)))
        return scores


class Shuffled(nn.Module):
    """conv 8 -> its channels shuffled -> conv 6 -> conv 8, shuffled -> linear 2."""

    def __init__(self, inner: int = 6) -> None:
        super().__init__()
        self.first, self.inner = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, inner, 1)
        self.last, self.head = nn.Conv2d(inner, 8, 1), nn.Linear(8, 2)

    def forward(self, images: Tensor) -> Tensor:
        inner = torch.relu(self.inner(shuffle(torch.relu(self.first(images)))))
        scores: Tensor = self.head(shuffle(self.last(inner)).mean((2, 3)))
        return scores


def shuffle(values: Tensor) -> Tensor:
    count, channels, height, width = values.shape
    blocks = values.view(count, 2, channels // 2, height, width)
    return blocks.transpose(1, 2).reshape(count, channels, height, width)


class Straddled(nn.Module):
    """Two layers of 3 and 5 channels, joined and read by a convolution of 2 blocks of 4."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 5, 1)
        self.blocks, self.last = nn.Conv2d(8, 4, 3, groups=2), nn.Conv2d(4, 6, 1)
        self.head = nn.Linear(6, 2)

    def forward(self, images: Tensor) -> Tensor:
        joined = torch.relu(torch.cat([self.left(images), self.right(images)], 1))
        scores: Tensor = self.head(torch.relu(self.last(self.blocks(joined))).mean((2, 3)))
        return scores


def lively(module: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -1.0, 1.0)
    return module.double().eval()


def widths(module: nn.Module) -> dict[str, int]:
    return {group.name: group.width for group in find_groups(module, SIZE)}


def unread(module: nn.Module, groups: tuple[Group, ...], plan: PrunePlan) -> nn.Module:
    """Return a copy in which nothing reads the planned units."""
    deaf = copy.deepcopy(module)
    gone = plan.pruned_sets()
    for group in groups:
        for member in group.members:
            if member.axis is Axis.IN:
                weight = deaf.get_parameter(f"{member.module}.weight").data
                for channel in member.channels(gone.get(group.name, ())):
                    weight[:, channel % weight.shape[1]] = 0
    return deaf


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Halves, {"left": 4, "right": 4, "last": 5}),
        (Doubled, {"whole": 4}),
        (Shuffled, {"inner": 6}),
        (Straddled, {"blocks": 2, "last": 6}),
    ],
)
def test_what_goes_together_over_rounds(make: type[nn.Module], expected: dict[str, int]) -> None:
    module = lively(make())
    assert widths(module) == expected
    images = some_images(4, SIZE).double()
    for unit in (1, 0):
        groups = find_groups(module, SIZE)
        plan = PrunePlan(tuple(take(group, unit).removals[0] for group in groups))
        wanted = unread(module, groups, plan)(images)
        prune(module, groups, plan)
        torch.testing.assert_close(module(images), wanted, rtol=1e-10, atol=1e-12)
        assert widths(module).keys() <= expected.keys()


def test_units_of_two_halves() -> None:
    left, right, _ = find_groups(Halves(), SIZE)
    sides = {(m.module, m.axis.value): m.indices for m in right.members}
    assert sides["right", "out"] == ((0,), (1,), (2,), (3,))
    assert sides["whole", "out"] == sides["norm", "out"] == ((4,), (5,), (6,), (7,))
    assert "left" not in {member.module for member in right.members}
    assert right.members[0].module == "right"
    assert {m.module: m.indices for m in left.members}["whole"] == ((0,), (1,), (2,), (3,))


def test_units_that_one_channel_ties() -> None:
    (group,) = find_groups(Doubled(), SIZE)
    sides = {member.module: member.indices for member in group.members}
    assert sides["whole"] == sides["head"] == ((0, 4), (1, 5), (2, 6), (3, 7))
    assert sides["part"] == ((0,), (1,), (2,), (3,))


def test_what_is_left_alone_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert survey(Shuffled(), SIZE).left.keys() == {"first", "last"}
    with caplog.at_level(logging.WARNING):
        check_supported(Shuffled(), SIZE)
    assert "'first' and 1 more" in caplog.text
    assert "rearranged" in caplog.text
    assert survey(Halves(), SIZE).left == {}


def test_blocks_over_the_border_of_two_layers_are_left_alone() -> None:
    left = survey(Straddled(), SIZE).left
    assert left.keys() == {"left", "right"}
    assert all("'blocks' ties" in why for why in left.values())


class MostlyShuffled(nn.Module):
    """A large layer that is shuffled, and a small one that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.large, self.small = nn.Conv2d(3, 64, 7), nn.Conv2d(64, 2, 1)
        self.head = nn.Linear(2, 2)

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.head(self.small(shuffle(self.large(images))).mean((2, 3)))
        return scores


def test_too_little_to_prune_is_refused_with_how_much() -> None:
    with pytest.raises(InputError, match=r"only 1% of its MACs could be removed; left as they"):
        check_supported(MostlyShuffled(), SIZE)
