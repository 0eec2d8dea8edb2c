"""The learnt ranking: where it starts, what it may not do, what it finds, what it costs."""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.loop import adapt
from tatl_search.core.spent import NOTHING, Spent
from tatl_search.methods.allocations.global_ranking import global_ranking
from tatl_search.methods.allocations.legr import GROUP, LOSSES, ranked
from tatl_search.methods.context import Context, Floats, Learnt, Scores
from tatl_search.methods.registry import METHODS, find_method
from tatl_search.nets.batchnorm import reestimate
from tatl_search.nets.surgery import prune
from tatl_search.nets.threads import torch_threads
from tests.adaptation.benches import bench, config
from tests.methods.contexts import context_by_hand, context_of
from tests.nets.lively import lively, some_images

LEGR = METHODS["legr"]
COUNT, SIZE = 12, 32
FAST = {"evaluations": 12, "population": 4, "tournament": 2, "steps": 0, "target_share": 0.6}


@cache
def misleading() -> nn.Module:
    """Return a network whose every second group looks unimportant by its norms, and is not.

    Batch-norm undoes the scale of the filters before it.
    """
    module = lively("timm/test_resnet", SIZE)
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d) and name.endswith("conv1"):
            layer.weight.data *= 0.1
    reestimate(module, [(some_images(COUNT, SIZE), torch.empty(0))])
    return module


def context(module: nn.Module | None = None, **settings: Any) -> Context:
    """Return a context whose labels are what the unpruned network says."""
    module = copy.deepcopy(module or misleading())
    images = some_images(COUNT, SIZE)
    with torch.no_grad():
        labels = module(images).argmax(1)
    given: dict[str, Any] = {"rate": 0.3, "legr": FAST} | settings
    return context_of(module, images, labels, **given)


class Memory:
    """Stands in for what is kept beside the unpruned network's stage."""

    def __init__(self, root: Context) -> None:
        self.root = root
        self.kept: dict[str, Learnt] = {}

    def __call__(self, name: str, make: Callable[[Context], Learnt]) -> Learnt:
        if name in self.kept:
            return Learnt(self.kept[name].arrays)
        self.kept[name] = make(self.root)
        return self.kept[name]


def remembering(found: Context, memory: Memory | None = None) -> Memory:
    memory = memory or Memory(found)
    object.__setattr__(found, "learn", memory)
    return memory


def choose(found: Context) -> dict[str, tuple[int, ...]]:
    return LEGR.choose(found, LEGR.score.run(found)).plan.pruned_sets()


@pytest.mark.parametrize("family", ["timm/test_resnet", "timm/test_efficientnet"])
def test_the_identity_is_the_global_ranking_by_l2_norms(family: str) -> None:
    found = context(lively(family, SIZE), normalize="none")
    squared = LEGR.score.run(found).by_group
    plain = ranked(squared, dict.fromkeys(squared, np.array([1.0, 0.0])))
    expected = METHODS["l2"].choose(found, METHODS["l2"].score.run(found)).plan
    assert expected.units_pruned > 0
    assert global_ranking(found, plain).plan.pruned_sets() == expected.pruned_sets()


def test_one_evaluation_is_the_global_ranking_by_l2_norms() -> None:
    legr = {"evaluations": 1, "population": 1, "tournament": 1, "steps": 0}
    found = context(normalize="none", legr=legr)
    expected = METHODS["l2"].choose(found, METHODS["l2"].score.run(found)).plan
    assert choose(found) == expected.pruned_sets()


numbers = st.floats(0, 10)
affine = st.tuples(st.floats(0.1, 10), st.floats(-10, 10)).map(np.array)


@given(
    st.lists(numbers, min_size=4, max_size=4),
    st.lists(numbers, min_size=6, max_size=6),
    affine,
    affine,
    st.tuples(st.integers(1, 95), st.integers(1, 95)).map(sorted),
    st.integers(1, 3),
)
def test_a_smaller_budget_removes_a_superset(
    first: list[float],
    second: list[float],
    one: Floats,
    other: Floats,
    percents: list[int],
    round_to: int,
) -> None:
    scores = {"first": np.array(first), "second": np.array(second)}
    own = ranked(scores, {"first": one, "second": other})
    less, more = (
        global_ranking(
            context_by_hand(rate=percent / 100, round_to=round_to), own
        ).plan.pruned_sets()
        for percent in percents
    )
    for group, units in less.items():
        assert set(units) <= set(more.get(group, ()))


def test_one_learning_makes_a_nested_front() -> None:
    """Four budgets from the unpruned network; who learnt first pays, the others nothing."""
    found = context()
    memory = remembering(found)
    plans, spent = [], []
    for rate in (0.1, 0.3, 0.5, 0.7):
        own = context(rate=rate)
        remembering(own, memory)
        choice = LEGR.choose(own, LEGR.score.run(own))
        plans.append(choice.plan.pruned_sets())
        spent.append(choice.spent)
    assert len(memory.kept) == 1
    assert spent == [Spent(images_forward=12 * (6 + 6)), NOTHING, NOTHING, NOTHING]
    for less, more in pairwise(plans):
        assert all(set(units) <= set(more[group]) for group, units in less.items())
        assert sum(map(len, less.values())) < sum(map(len, more.values()))


def test_what_was_learnt_beats_the_norms_and_is_what_was_measured() -> None:
    """The loss kept of the best is that of its pruned network, batch-norm anew, by hand."""
    found = context()
    memory = remembering(found)
    choose(found)
    (learnt,) = memory.kept.values()
    losses = learnt.arrays[LOSSES]
    assert len(losses) == 12
    assert losses.min() < 0.9 * losses[0]
    affines = {
        name.removeprefix(GROUP): pair
        for name, pair in learnt.arrays.items()
        if name.startswith(GROUP)
    }
    lowest = context(rate=0.4)
    own = ranked(LEGR.score.run(lowest).by_group, affines)
    prune(lowest.module, lowest.groups, global_ranking(lowest, own).plan)
    (images, labels) = (torch.cat(parts) for parts in zip(*lowest.images(), strict=True))
    reestimate(lowest.module, [(images[6:], labels[6:])])
    with torch.no_grad():
        expected = float(F.cross_entropy(lowest.module(images[:6]), labels[:6]))
    assert losses.min() == pytest.approx(expected, rel=1e-4)


def test_the_plan_says_what_the_learning_came_to() -> None:
    found = context()
    memory = remembering(found)
    notes = LEGR.choose(found, LEGR.score.run(found)).plan.notes
    losses = next(iter(memory.kept.values())).arrays[LOSSES]
    assert notes == (
        f"ranked by the best of 12 rankings tried: loss {losses.min():.4f},"
        f" {losses[0]:.4f} by the scores as they are",
    )


def test_dead_groups_are_left_alone_and_no_shift_revives_them() -> None:
    scores = {"first": np.zeros(4), "second": np.arange(6.0), "third": np.array([1.0, np.nan])}
    own = ranked(scores, dict.fromkeys(scores, np.array([2.0, -3.0])))
    assert own["first"].tolist() == [0.0] * 4
    assert own["second"].tolist() == [-3.0, -1.0, 1.0, 3.0, 5.0, 7.0]
    assert np.isnan(own["third"]).tolist() == [False, True]


@pytest.mark.parametrize("score", ["taylor", "bn_scale", "activation"])
def test_any_score_can_be_ranked(score: str) -> None:
    """Its images are counted too: those of the scores themselves, and again for the learning."""
    found = context(method="legr", score=score)
    remembering(found)
    method = find_method(found.settings)
    scores = method.score.run(found)
    choice = method.choose(found, scores)
    assert choice.plan.units_pruned > 0
    tried = Spent(images_forward=12 * (6 + 6))
    assert choice.spent == tried + scores.spent + scores.spent


def test_a_ranking_is_named_by_all_that_decides_it() -> None:
    def name(**settings: Any) -> str:
        found = context_by_hand(**settings)

        scores = {group.name: np.ones(group.width) for group in found.groups}
        asked = []

        def learn(name: str, _: object) -> Learnt:
            asked.append(name)
            pairs = {GROUP + group: np.array([1.0, 0.0]) for group in scores}
            return Learnt(pairs | {LOSSES: np.zeros(1)})

        object.__setattr__(found, "learn", learn)
        LEGR.choose(found, Scores(scores))
        return asked[0]

    plain = name()
    assert plain.startswith("legr-l2_squared-none-")
    assert name(rate=0.7, threshold=0.5) == plain
    others = [
        name(legr={"steps": 0}),
        name(normalize="max"),
        name(min_filters=3),
        name(min_keep=0.2),
        name(round_to=8),
        name(rate_of="filters"),
    ]
    assert len({plain, *others}) == 7


@pytest.fixture(scope="module")
def trajectories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[Candidate]]]:
    """Two trials of other rates on one store."""
    store = tmp_path_factory.mktemp("stages")
    with torch_threads(1):
        yield [
            list(
                adapt(
                    bench(store, config(prune={"method": "legr", "legr": FAST, "rate": rate}), who)
                )
            )
            for rate, who in ((0.2, "first"), (0.4, "second"))
        ]


def test_two_trials_and_all_their_rounds_share_one_learning(
    trajectories: list[list[Candidate]],
) -> None:
    first, second = trajectories
    assert [len(first), len(second)] == [3, 3]
    (root,) = {found[0].stage.folder for found in trajectories}
    assert len(list(Path(root).glob("legr-*.safetensors"))) == 1
    assert first[0].choosing == Spent(images_forward=12 * 2 * 50)
    assert [found.choosing for found in (*first[1:], *second)] == [NOTHING] * 5


def test_later_rounds_remove_supersets(trajectories: list[list[Candidate]]) -> None:
    for trajectory in trajectories:
        macs = [found.stage.metrics.macs for found in trajectory]
        assert macs == sorted(macs, reverse=True)
        assert len(set(macs)) == 3
        for before, after in pairwise(trajectory):
            widths = after.stage.metrics.widths
            assert all(
                widths[group] <= width for group, width in before.stage.metrics.widths.items()
            )
