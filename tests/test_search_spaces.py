"""Every file in search_spaces/ is valid and can be drawn from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tatl_search.config import METHODS
from tatl_search.search.method_checks import check_methods
from tatl_search.space import Choices, load_space

FOLDER = Path(__file__).parents[1] / "search_spaces"
FILES = sorted(FOLDER.rglob("*.yaml"))


class Dice:
    """Draws at random, within what the parameters allow."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        stride = step or (1 if integer else None)
        if stride is None:
            return float(self.random.uniform(low, high))
        value = low + stride * int(self.random.integers(round((high - low) / stride) + 1))
        return round(value) if integer else value

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return choices[int(self.random.integers(len(choices)))]


def test_the_files_people_start_from_are_there() -> None:
    names = {file.name for file in FILES}
    assert {"quickstart.yaml", "fashion_mnist.yaml", "single_run.yaml", "own_images.yaml"} <= names


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_file_is_valid(file: Path) -> None:
    space = load_space(file)
    names = [name for name, _ in space.parameters]
    assert len(names) == len(set(names))
    for seed in range(20):
        space.sample(Dice(seed))


def test_methods_yaml_offers_every_method_with_what_it_needs() -> None:
    space = load_space(FOLDER / "methods.yaml")
    check_methods(space)
    (method,) = [found for name, found in space.parameters if name == "prune.method"]
    assert isinstance(method, Choices)
    assert set(method.options) == set(METHODS.builtin)


def test_single_run_is_one() -> None:
    assert load_space(FOLDER / "single_run.yaml").single().prune.method == "tatl"


def test_quickstart_needs_nothing_but_what_is_embedded() -> None:
    space = load_space(FOLDER / "quickstart.yaml")
    config = space.sample(Dice(0))
    assert (config.data.source, config.network.weights) == ("digits", "embedded")
    assert space.sweep.trials >= 8
    assert space.sweep.baselines


@pytest.mark.parametrize("name", ["fashion_mnist.yaml", "methods.yaml"])
def test_all_trials_share_the_first_fine_tuning(name: str) -> None:
    space = load_space(FOLDER / name)
    own = {"start", "prune", "stop", "retrain", "finish"}
    roots = {space.sample(Dice(seed)).model_dump_json(exclude=own) for seed in range(20)}
    assert len(roots) == 1
