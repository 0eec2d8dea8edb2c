"""TransTailor's scores: what they are of, what they leave alone, what they cost."""

import copy
from typing import Any

import numpy as np
import torch

from tatl_search.core.spent import Spent
from tatl_search.methods.registry import METHODS
from tatl_search.methods.scores import transtailor
from tatl_search.nets.gates import Gates
from tatl_search.nets.surgery import prune
from tests.methods.contexts import context_of
from tests.nets.lively import Chain, enliven, some_images

IMAGES = some_images(10, 8)
LABELS = torch.arange(10) % 2


def network() -> Chain:
    torch.manual_seed(0)
    enliven(module := Chain(), 8)
    return module


def run(**settings: Any) -> tuple[dict[str, Any], Spent]:
    found = context_of(network(), IMAGES, LABELS, transtailor=settings)
    scores = transtailor.SCORE.run(found)
    return dict(scores.by_group), scores.spent


def test_importance_is_read_after_the_learning() -> None:
    found = context_of(network(), IMAGES, LABELS)
    gates = Gates(found.module, found.groups)
    gates.learn(found.images, epochs=3, learning_rate=0.2)
    expected = gates.importance(found.images)
    scores, _ = run(epochs=3, learning_rate=0.2)
    for name, values in expected.items():
        np.testing.assert_array_equal(scores[name], values)
    unlearnt, _ = run(learning_rate=1e-12)
    assert any(not np.allclose(unlearnt[name], scores[name], rtol=0.05) for name in scores)


def test_every_pass_is_counted() -> None:
    assert run()[1] == Spent(images_trained=2 * 10)
    assert run(epochs=3)[1] == Spent(images_trained=4 * 10)


def test_a_unit_that_nothing_reads_goes_first() -> None:
    """Its gate can do what it likes: the loss does not hang on it."""
    module = network()
    module.get_parameter("3.weight").data[:, 2] = 0.0
    found = context_of(copy.deepcopy(module), IMAGES, LABELS, rate=0.05, rate_of="filters")
    method = METHODS["transtailor"]
    plan = method.choose(found, method.score.run(found)).plan
    assert plan.pruned_sets() == {"0": (2,)}
    prune(found.module, found.groups, plan)
    with torch.no_grad():
        torch.testing.assert_close(found.module(IMAGES), module(IMAGES))


def test_what_was_scored_is_named_by_how_it_was_learnt() -> None:
    labels = {
        transtailor.SCORE.label(context_of(Chain(), IMAGES, LABELS, transtailor=given).settings)
        for given in ({}, {"epochs": 2}, {"learning_rate": 0.5})
    }
    assert len(labels) == 3
