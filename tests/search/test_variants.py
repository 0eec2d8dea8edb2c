"""Settings of a search space without a sampler."""

from typing import Any

import pytest

from tatl_search.config import Decides
from tatl_search.search.variants import (
    COMBINATIONS,
    extremes,
    middle,
    most_epochs,
    references,
    shared_roots,
    trainings,
    variants,
)
from tatl_search.space import SearchSpace, space_from_raw


def space(**sections: Any) -> SearchSpace:
    return space_from_raw(sections)


def test_middle_of_ranges_and_first_of_choices() -> None:
    config = middle(
        space(
            prune={"threshold": {"low": 0.5, "high": 0.9, "step": 0.1}},
            finetune={
                "learning_rate": {"low": 0.001, "high": 0.1, "log": True},
                "optimizer": {"choices": ["adamw", "sgd"]},
            },
            stop={"max_rounds": {"low": 2, "high": 5}},
        )
    )
    assert config.prune.threshold == 0.7
    assert abs(config.finetune.learning_rate - 0.01) < 1e-12
    assert config.finetune.optimizer == "adamw"
    assert config.stop.max_rounds == 3


def test_every_combination_of_the_deciding_choices() -> None:
    found = variants(
        space(
            network={"name": {"choices": ["torchvision/resnet18", "torchvision/vgg16"]}},
            data={"image_size": {"choices": [32, 48]}},
            prune={"rate_of": {"choices": ["macs", "filters"]}},
        ),
        ("network.name", "data.image_size"),
    )
    combinations = {(c.network.name, c.data.image_size, c.prune.rate_of.value) for c in found}
    assert combinations == {
        ("torchvision/resnet18", 32, "macs"),
        ("torchvision/resnet18", 48, "macs"),
        ("torchvision/vgg16", 32, "macs"),
        ("torchvision/vgg16", 48, "macs"),
    }


def test_most_epochs_is_the_longest_trial() -> None:
    searched = space(
        finetune={"epochs": {"choices": [2, 4]}},
        retrain={"epochs": 2},
        stop={"max_rounds": {"low": 1, "high": 5}},
    )
    assert most_epochs(searched) == 4 + 5 * 2
    finished = space(stop={"max_rounds": 3}, finish={"epochs": {"low": 0, "high": 16, "step": 8}})
    assert most_epochs(finished) == 3 + 3 * 1 + 16


def test_roots_are_shared_where_they_can_be_listed() -> None:
    selection_only = space(prune={"rate": {"low": 0.1, "high": 0.5}})
    assert len(shared_roots(selection_only)) == 1
    two_roots = space(finetune={"epochs": {"choices": [2, 4]}})
    assert [config.finetune.epochs for config in shared_roots(two_roots)] == [2, 4]
    by_number = space(finetune={"learning_rate": {"low": 0.01, "high": 0.1}})
    assert shared_roots(by_number) == []
    too_many = space(finetune={"epochs": {"choices": [1, 2, 3, 4, 5]}})
    assert shared_roots(too_many) == []


def test_conditional_numbers_keep_roots_from_being_listed() -> None:
    conditional = space(
        finetune={
            "optimizer": {
                "choices": {
                    "sgd": {},
                    "adamw": {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}},
                }
            }
        }
    )
    assert shared_roots(conditional) == []


def test_a_source_decides_roots_where_it_is_learnt() -> None:
    """Otherwise rounds alone look at it, and all trials share one first fine-tuning."""
    source = {"source": "digits", "per_class": {"choices": [5, 10]}}
    only_looked_at = space(source=source, prune={"method": "wealthadapt"})
    assert [config.source for config in shared_roots(only_looked_at)] == [None]
    learnt = space(source=source, train_on="source")
    assert [config.source and config.source.per_class for config in shared_roots(learnt)] == [5, 10]
    either = space(source=source, train_on={"choices": ["target", "source"]})
    assert [config.source and config.source.per_class for config in shared_roots(either)] == [
        None, 5, 10,
    ]  # fmt: skip
    by_number = {"source": "digits", "augment": {"brightness": {"low": 0.0, "high": 0.5}}}
    assert shared_roots(space(source=by_number, train_on="source")) == []
    assert len(shared_roots(space(source=by_number, prune={"method": "wealthadapt"}))) == 1


@pytest.mark.parametrize(
    "sizes",
    [{"choices": [32, 64, 48]}, {"low": 32, "high": 64, "step": 16}, {"low": 32, "high": 64}],
)
def test_the_reference_has_the_largest_input(sizes: dict[str, Any]) -> None:
    searched = space(
        data={"image_size": sizes},
        start={"choices": ["pretrained", "finetuned"]},
        finetune={"epochs": {"low": 2, "high": 10}},
        prune={"method": "activation"},
    )
    (root,) = references(searched)
    assert (root.data.image_size, root.finetune.epochs) == (64, 6)
    inputs = [config.data.image_size for config in extremes(searched, Decides.IMAGES)]
    assert (min(inputs), max(inputs)) == (32, 64)


def test_of_very_many_combinations_the_first_come_at_once() -> None:
    many = {"choices": [n / 1000 for n in range(1, 60)]}
    keys = ("learning_rate", "momentum", "weight_decay", "label_smoothing", "sparsity")
    searched = space(finetune=dict.fromkeys(keys, many))
    found = trainings(searched)
    assert len(found) == COMBINATIONS
    assert [config.finetune.sparsity for config in found[:3]] == [0.001, 0.002, 0.003]
