"""The paper's setting: two networks on five sets, each set written small in its own layout."""

import itertools
from pathlib import Path

import pytest

from tatl_search.data.collection import SplitName
from tatl_search.errors import InputError
from tatl_search.search.estimate import estimate_sweep
from tatl_search.search.variants import middle
from tatl_search.space import SearchSpace, load_space
from tests.data.layouts import OFFICIAL, plan

FOLDER = Path(__file__).parents[1] / "search_spaces" / "paper"
NETWORKS = ("resnet50", "vgg16")
PAIRS = tuple(itertools.product(NETWORKS, OFFICIAL))
EVERY_COMMIT = (("resnet50", "dog120"), ("vgg16", "cub200"))
IMAGES = plan(3, {SplitName.TRAIN: 6, SplitName.TEST: 2})
SHRUNK = (
    "network.weights=random",
    "data.image_size=32",
    "data.storage_size=36",
    "finetune.batch_size=4",
    "retrain.batch_size=4",
    "baselines=[]",
)


def space(network: str, name: str, *overrides: str) -> SearchSpace:
    return load_space(FOLDER / f"{network}_{name}.yaml", overrides)


def test_each_network_has_each_set() -> None:
    names = {f"{network}_{name}" for network, name in PAIRS}
    assert {file.stem for file in FOLDER.glob("*.yaml")} == {*names, *NETWORKS, "tatl"}


@pytest.mark.parametrize(("network", "name"), PAIRS)
def test_settings_of_the_paper(network: str, name: str) -> None:
    loaded = space(network, name)
    config = middle(loaded)
    assert config.network.name == f"torchvision/{network}"
    assert config.network.weights == "pretrained"
    assert (config.data.source, config.data.path) == (name, f"${{{name.upper()}}}")
    assert (config.data.image_size, config.data.storage_size) == (224, 256)
    assert (config.data.augment.crop, config.data.augment.flip) == ("resized", True)
    assert config.prune.method == "tatl"
    searched = {parameter for parameter, _ in loaded.parameters}
    assert searched == {
        "prune.threshold", "prune.rate", "prune.priority.macs", "prune.priority.parameters",
        "stop.max_rounds", "stop.max_drop",
    }  # fmt: skip


def test_without_the_images_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUB200", raising=False)
    with pytest.raises(InputError, match=r"\$\{CUB200\} names an environment variable that is not"):
        estimate_sweep(space("vgg16", "cub200", *SHRUNK), cpus=1)


@pytest.mark.parametrize(
    ("network", "name"),
    [pytest.param(*pair, marks=() if pair in EVERY_COMMIT else pytest.mark.soak) for pair in PAIRS],
)
def test_dry_run(network: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """18 training images; where no val is brought, a fifth of 6 a class is cut off for it: 1."""
    OFFICIAL[name](tmp_path, IMAGES)
    monkeypatch.setenv(name.upper(), str(tmp_path))
    estimate = estimate_sweep(space(network, name, *SHRUNK), cpus=1)
    assert estimate.candidates == 24 * 12
    # The first fine-tuning is shared.
    assert estimate.images_trained == 15 * (30 + 24 * 12 * 5)
