"""The fitness of a ranking, step by step by hand; who sees which image."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import Spent
from tatl_search.errors import InputError
from tatl_search.methods.allocations.legr_fitness import Fitness
from tatl_search.methods.context import Context
from tatl_search.nets.surgery import prune
from tests.methods.contexts import context_of
from tests.nets.lively import Chain, enliven, some_images, take

COUNT = 20
IMAGES = some_images(COUNT, 8)
LABELS = torch.arange(COUNT) % 2


def context(batch: int = 20, images: int = COUNT, **legr: Any) -> Context:
    torch.manual_seed(0)
    module = enliven(Chain(), 8)
    given = {"steps": 0, "fitness_images": 4} | legr
    return context_of(module, IMAGES[:images], LABELS[:images], batch=batch, legr=given)


def plan_of(found: Context) -> PrunePlan:
    return take(found.groups[0], 1, 3)


class Watch:
    """Which images a network was given, in which mode, copies of it included."""

    def __init__(self, module: nn.Module) -> None:
        self.trained: list[int] = []
        self.forward: list[int] = []
        self.sizes: list[int] = []
        module.register_forward_pre_hook(self)

    def __call__(self, module: nn.Module, args: tuple[Tensor, ...]) -> None:
        (images,) = args
        places = [int((image == IMAGES).flatten(1).all(1).nonzero()) for image in images]
        if module.training:
            self.trained += places
            self.sizes.append(len(places))
        else:
            self.forward += places

    def __deepcopy__(self, memo: dict[int, object]) -> "Watch":
        return self


def test_without_steps_by_hand() -> None:
    """Statistics of the four images after the first four; the loss of the first four."""
    found = context()
    fitness = Fitness(found)
    module = copy.deepcopy(found.module)
    prune(module, found.groups, plan_of(found))
    layers = list(module)  # type: ignore[call-overload]
    with torch.no_grad():
        others, judges = IMAGES[4:8], IMAGES[:4]
        for layer in layers:
            if isinstance(layer, nn.BatchNorm2d):
                variance, mean = torch.var_mean(others, (0, 2, 3))
                # What eval mode divides by is the unbiased variance, batches by the biased one.
                layer.running_mean, layer.running_var = mean, variance
                judges = layer(judges)
                others = F.batch_norm(
                    others, None, None, layer.weight, layer.bias, training=True, eps=layer.eps
                )
            else:
                judges, others = layer(judges), layer(others)
        expected = float(F.cross_entropy(judges, LABELS[:4]))
    assert fitness.loss(plan_of(found)) == pytest.approx(expected, rel=1e-5)
    assert fitness.spent == Spent(images_forward=8)


def test_at_most_half_measure_the_loss() -> None:
    found = context(images=7, fitness_images=128)
    watch = Watch(found.module)
    fitness = Fitness(found)
    fitness.loss(plan_of(found))
    assert sorted(watch.forward) == [0, 1, 2, 3, 4, 5]
    assert fitness.spent == Spent(images_forward=6)


@pytest.mark.parametrize("batch", [1, 3, 5, 20])
def test_steps_train_on_the_others_only_in_batches_of_one_size(batch: int) -> None:
    """Five steps of six images: the sixteen others in their order, almost twice."""
    found = context(batch=batch, steps=5, batch_size=6)
    watch = Watch(found.module)
    fitness = Fitness(found)
    fitness.loss(plan_of(found))
    assert watch.sizes == [6] * 5
    assert watch.trained == ([*range(4, 20)] * 2)[:30]
    assert sorted(watch.forward) == [*range(8)]
    assert fitness.spent == Spent(images_forward=8, images_trained=30)


def test_steps_lower_the_loss_of_learnable_labels() -> None:
    losses = []
    for steps in (0, 40):
        found = context(steps=steps, batch_size=8, learning_rate=0.05)
        labels = (IMAGES.mean((1, 2, 3)) > 0).long()

        def batches(labels: Tensor = labels) -> Iterator[tuple[Tensor, Tensor]]:
            yield IMAGES, labels

        object.__setattr__(found, "images", batches)
        losses.append(Fitness(found).loss(plan_of(found)))
    assert losses[1] < losses[0]


def test_trials_are_alike_whatever_random_numbers_were_drawn_before() -> None:
    found = context(steps=3, batch_size=4)
    found.module.append(nn.Dropout(0.5))  # type: ignore[operator]
    fitness, losses = Fitness(found), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        losses.append(fitness.loss(plan_of(found)))
        drawn = torch.rand(1)
        torch.manual_seed(seed)
        assert torch.equal(drawn, torch.rand(1)), "the caller's random numbers are its own"
    assert losses[0] == losses[1]


def test_a_training_gone_astray_is_worst() -> None:
    fitness = Fitness(context(steps=9, batch_size=4, learning_rate=1e30))
    assert fitness.loss(plan_of(context())) == np.inf
    assert fitness.spent == Spent(images_trained=36)


def test_the_unpruned_network_stays_as_it_is() -> None:
    found = context(steps=2, batch_size=4)
    before = {name: value.clone() for name, value in found.module.state_dict().items()}
    Fitness(found).loss(plan_of(found))
    assert all(
        torch.equal(before[name], value) for name, value in found.module.state_dict().items()
    )


def test_too_few_images_are_told_in_words() -> None:
    with pytest.raises(InputError, match="there are only 3; give at least 4"):
        Fitness(context(images=3))
