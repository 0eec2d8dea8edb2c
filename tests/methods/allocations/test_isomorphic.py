"""Isomorphic ranking: kinds of groups by eye, and what it is where all or no groups are alike."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tatl_search.methods.allocations.global_ranking import global_ranking
from tatl_search.methods.allocations.isomorphic import isomorphic, topology
from tatl_search.methods.allocations.uniform import uniform
from tatl_search.methods.context import Context, Floats
from tests.methods.contexts import context_of


class Block(nn.Module):
    """Two convolutions around which the input goes."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(width, hidden, 3, padding=1)
        self.outer = nn.Conv2d(hidden, width, 1)

    def forward(self, images: Tensor) -> Tensor:
        hidden: Tensor = self.inner(images)
        outer: Tensor = self.outer(hidden.relu())
        return images + outer


def residual() -> nn.Sequential:
    stem = nn.Conv2d(3, 8, 3, padding=1)
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(stem, Block(8, 12), Block(8, 6), Block(8, 10), pool, nn.Linear(8, 4))


def plain(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, width in zip((3, *widths), widths, strict=False):
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
    return nn.Sequential(
        *layers, nn.Conv2d(widths[-1], 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )


def context(module: nn.Module, **settings: Any) -> Context:
    return context_of(module, torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 3]), **settings)


def drawn(found: Context, seed: int = 0) -> dict[str, Floats]:
    generator = np.random.default_rng(seed)
    # The later a group, the greater its scores: a global ranking would empty the first.
    return {
        group.name: generator.random(group.width) + 10.0 * at
        for at, group in enumerate(found.groups)
    }


def test_what_runs_along_the_shortcuts_is_another_kind_than_what_is_hidden() -> None:
    found = context(residual())
    kinds = {group.name: topology(found.module, group) for group in found.groups}
    assert kinds["1.inner"] == kinds["2.inner"] == kinds["3.inner"]
    assert kinds["1.inner"] == (("Conv2d", "in", False), ("Conv2d", "out", False))
    assert kinds["0"] != kinds["1.inner"]
    assert ("Linear", "in", False) in kinds["0"]


def test_kinds_give_the_same_share_and_inside_a_kind_the_lowest_go() -> None:
    """28 hidden units in three groups, of which the first has the lowest; 8 along the shortcuts."""
    found = context(residual(), rate=0.3, rate_of="parameters")
    gone = isomorphic(found, drawn(found)).plan.pruned_sets()
    assert set(gone) == {"0", "1.inner"}  # a global ranking would take the first group alone
    assert len(gone["1.inner"]) / 28 == pytest.approx(len(gone["0"]) / 8, abs=1 / 8)
    weakest = np.argsort(drawn(found)["1.inner"])[: len(gone["1.inner"])]
    assert set(gone["1.inner"]) == set(weakest)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.6])
def test_groups_all_alike_are_ranked_as_one(rate: float) -> None:
    found = context(plain(6, 9, 7), rate=rate)
    scores = drawn(found)
    expected = global_ranking(found, scores).plan
    assert isomorphic(found, scores).plan.pruned_sets() == expected.pruned_sets()


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.6])
def test_groups_all_different_give_the_same_share(rate: float) -> None:
    found = context(residual(), rate=rate)
    scores, known = drawn(found), ("0", "1.inner")
    scores = {name: values if name in known else 0 * values for name, values in scores.items()}
    expected = uniform(found, scores).plan
    assert isomorphic(found, scores).plan.pruned_sets() == expected.pruned_sets()
