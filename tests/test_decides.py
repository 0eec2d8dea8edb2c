"""What a setting has a say in, declared on the setting."""

import pytest

from tatl_search.config import (
    AdaptationConfig,
    AugmentSettings,
    DataSettings,
    Decides,
    TrainingSettings,
    decided_by,
    deciding,
)
from tatl_search.space import space_from_raw


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("seed", Decides.ROOT),
        ("data.path", Decides.IMAGES),
        ("data.augment.flip", Decides.ROOT),
        ("data.class_weights", Decides.ROOT),
        ("source.per_class", Decides.IMAGES),
        ("train_on", Decides.IMAGES),
        ("network.weights", Decides.NETWORK),
        ("finetune.epochs", Decides.ROOT | Decides.TRAINING),
        ("retrain.epochs", Decides.TRAINING),
        ("prune.rate", Decides(0)),
        ("prune.method", Decides.METHOD),
        ("stop.max_rounds", Decides.ENDING),
        ("finish.pieces", Decides.ENDING),
    ],
)
def test_each_setting_says_what_it_decides(path: str, expected: Decides) -> None:
    assert decided_by(AdaptationConfig, path.split(".")) == expected


def test_only_what_differs_from_the_defaults_is_named() -> None:
    assert deciding(AdaptationConfig(), Decides.ROOT | Decides.NETWORK) == {}
    config = AdaptationConfig(
        seed=2,
        data=DataSettings(image_size=32, augment=AugmentSettings(flip=True)),
        finetune=TrainingSettings(epochs=7),
    )
    assert deciding(config, Decides.ROOT | Decides.NETWORK) == {
        "seed": 2,
        "data": {"augment": {"flip": True}},
        "finetune": {"epochs": 7},
    }
    assert deciding(config, Decides.IMAGES) == {"data": {"image_size": 32}}


def test_parameters_below_a_choice_are_found_by_their_setting() -> None:
    space = space_from_raw(
        {
            "finetune": {
                "optimizer": {"choices": {"sgd": {"momentum": {"low": 0.5, "high": 0.9}}}}
            },
            "prune": {"rate": {"low": 0.1, "high": 0.5}},
        }
    )
    assert space.deciding(Decides.ROOT) == {
        "finetune.optimizer": "finetune.optimizer",
        "finetune.optimizer=sgd.momentum": "finetune.momentum",
    }
