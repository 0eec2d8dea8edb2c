"""Keys of stages stay what they are: a sweep of yesterday finds its networks tomorrow."""

from pathlib import Path
from typing import Annotated, Any, cast

import pytest
from pydantic import create_model

from tatl_search.adaptation.key_forms import key_form
from tatl_search.adaptation.keys import further_key, root_key, round_key
from tatl_search.config import (
    AdaptationConfig,
    AugmentSettings,
    DataSettings,
    NetworkSettings,
    RetrainSettings,
    Settings,
    TrainingSettings,
    read_settings,
)
from tatl_search.config.base import FirstDefault, first_default
from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.data.sources import load_target
from tatl_search.results.store import load_sweep

FIXTURE = Path(__file__).parents[1] / "fixtures" / "sweep-1"
PLAN = PrunePlan((GroupRemoval("features.0", (1, 2), 16, 1.0, 4),))
SLOWER = RetrainSettings(epochs=4, learning_rate=0.01)


def root(**sections: Any) -> str:
    return root_key(AdaptationConfig(**sections), "images", 1, "cpu")


def rounds(**sections: Any) -> str:
    return round_key("parent", AdaptationConfig(**sections), PLAN, 1)


PINNED = {
    "root": lambda: root(),
    "root with another seed": lambda: root(seed=3),
    "root with other training": lambda: root(finetune=TrainingSettings(epochs=8)),
    "root of another network": lambda: root(network=NetworkSettings(name="torchvision/vgg16")),
    "root that sees mirrored images": lambda: root(
        data=DataSettings(augment=AugmentSettings(flip=True))
    ),
    "root on a GPU": lambda: root_key(AdaptationConfig(), "images", 2, "cuda"),
    "round": lambda: rounds(),
    "round with other training": lambda: rounds(retrain=SLOWER),
    "round with company": lambda: round_key("parent", AdaptationConfig(), PLAN, 1, "a", "b"),
    "finishing": lambda: further_key("parent", SLOWER, "images", 1, "teacher"),
}

KEYS = {
    "root": "3edb792f5b9ac2163dff1330de4917c378e39092",
    "root with another seed": "2cc537589b69019233b042f4896d6dac78a071a5",
    "root with other training": "5303e753cfb52b109d9c37ebc38a5acb1521260a",
    "root of another network": "295848740d322246766bb9b24ba550566d650d27",
    "root that sees mirrored images": "fc8074c09950e0779ce1d8577bb3ec0ad75a48b9",
    "root on a GPU": "78522dcc00e65e2c68646a23ced01a2cb5dc3969",
    "round": "9637f4b4c50edc6c1aaba90fcb5b175469c4ee5b",
    "round with other training": "c22c2ba0ecfb9433ab5f3039ba7e95dc4b7e3dd7",
    "round with company": "0162ee06c870d35b0521067fbb9374faefab9023",
    "finishing": "7ce8a0af5bfa8b91c0bcb88aa959ace8009006d6",
}


@pytest.mark.parametrize("name", PINNED)
def test_a_key_is_what_it_was(name: str) -> None:
    """A change here makes every stored network unfindable: only with a new CODE_VERSION."""
    assert PINNED[name]() == KEYS[name]


def test_the_ten_pinned_keys_differ() -> None:
    assert len(set(KEYS.values())) == len(PINNED) == 10


FIRST_DEFAULTS: dict[type[Settings], dict[str, object]] = {
    NetworkSettings: {
        "name": "timm/tf_efficientnet_lite0", "weights": "embedded", "arguments": {}, "mean": None,
        "std": None, "head": None,
    },
    AugmentSettings: {
        "crop": "shift", "shift": 0.1, "min_scale": 0.35, "max_aspect": 4 / 3, "flip": False,
        "brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0, "erase": 0.0,
        "mixup": 0.0, "cutmix": 0.0,
    },
    TrainingSettings: {
        "epochs": 3, "batch_size": 32, "optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.9,
        "weight_decay": 1e-4, "schedule": "one_cycle", "label_smoothing": 0.0, "sparsity": 0.0,
        "clip_norm": 5.0, "amp": True,
    },
    RetrainSettings: {
        "epochs": 1, "learning_rate": 0.03, "distillation_weight": 0.0,
        "distillation_temperature": 4.0,
    },
}  # fmt: skip


@pytest.mark.parametrize("section", FIRST_DEFAULTS)
def test_a_changed_default_is_marked(section: type[Settings]) -> None:
    """What equals its first default does not enter keys: a changed one needs `FirstDefault`."""
    known = {name: first_default(section.model_fields[name]) for name in FIRST_DEFAULTS[section]}
    assert known == FIRST_DEFAULTS[section]


def with_a_neutral_setting(section: Settings) -> Settings:
    """Return the same settings of a version that knows one more."""
    later = create_model("Later", __base__=type(section), invented=(float, 0.0))
    return cast(Settings, later.model_validate(section.model_dump()))


@pytest.mark.parametrize("section", ["network", "finetune", "retrain", "data", "augment"])
def test_a_new_setting_with_a_neutral_default_changes_no_key(section: str) -> None:
    config = AdaptationConfig(finetune=TrainingSettings(epochs=5), retrain=SLOWER)
    before = (root_key(config, "i", 1, "cpu"), round_key("p", config, PLAN, 1))
    if section == "augment":
        augment = with_a_neutral_setting(config.data.augment)
        changes: dict[str, Any] = {"data": config.data.model_copy(update={"augment": augment})}
    else:
        changes = {section: with_a_neutral_setting(getattr(config, section))}
    later = config.model_copy(update=changes)
    assert (root_key(later, "i", 1, "cpu"), round_key("p", later, PLAN, 1)) == before


def test_a_new_setting_that_is_used_changes_the_key_it_decides() -> None:
    config = AdaptationConfig()
    later = with_a_neutral_setting(config.finetune).model_copy(update={"invented": 0.5})
    used = config.model_copy(update={"finetune": later})
    assert root_key(used, "i", 1, "cpu") != root_key(config, "i", 1, "cpu")
    assert round_key("p", used, PLAN, 1) == round_key("p", config, PLAN, 1)


def test_a_changed_default_changes_no_key() -> None:
    class Later(TrainingSettings):
        epochs: Annotated[int, FirstDefault(3)] = 12

    config = AdaptationConfig()
    as_before = config.model_copy(update={"finetune": Later(epochs=3)})
    assert root_key(as_before, "i", 1, "cpu") == root_key(config, "i", 1, "cpu")
    longer = config.model_copy(update={"finetune": TrainingSettings(epochs=12)})
    by_default = config.model_copy(update={"finetune": Later()})
    assert root_key(by_default, "i", 1, "cpu") == root_key(longer, "i", 1, "cpu")


def test_a_sweep_of_an_older_version_keeps_its_keys() -> None:
    """The stages of the stored sweep were made by version 2, whose keys held all settings."""
    sweep = load_sweep(FIXTURE)
    assert sweep.manifest.code_version == 2
    root, config = sweep.roots[0], read_settings(sweep.roots[0].settings)
    images = load_target(config.data).fingerprint
    form = key_form(sweep.manifest.code_version)
    assert root_key(config, images, sweep.manifest.root_threads, "cpu", form) == root.stage
    assert root_key(config, images, sweep.manifest.root_threads, "cpu") != root.stage
