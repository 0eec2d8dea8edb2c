"""A search space as a file for people: the same in meaning, whatever was found."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from tatl_search.newcomer.commented import commented
from tatl_search.newcomer.facts import Facts
from tatl_search.newcomer.recipe import Given, compose
from tatl_search.newcomer.words import found
from tatl_search.space import load_space
from tests.newcomer.kinds import facts_of, kinds, settled


@settings(max_examples=60)
@given(facts=kinds(), given=settled())
def test_whatever_was_found_the_file_means_the_same(facts: Facts, given: Given) -> None:
    raw = compose(facts, given)
    text = commented(raw, found(facts))
    assert yaml.safe_load(text) == raw
    assert max(map(len, text.splitlines())) < 700  # a long comment; no endless line


@pytest.mark.parametrize(
    "path", ["images", "~/$x: {a}", "it's #1", "a\nb", "'", "ä/ü", "- x", "x" * 300, "null", "1e3"]
)
def test_any_path_comes_back(path: str, tmp_path: Path) -> None:
    raw: dict[str, Any] = {**compose(facts_of(9, 9)), "wandb": {}, "seed": 3}
    raw["data"] = {**raw["data"], "source": "folder", "path": path}
    file = tmp_path / "task.yaml"
    file.write_text(commented(raw, []), encoding="utf-8")
    assert load_space(file).raw == raw


def test_sections_stand_in_the_order_of_an_adaptation() -> None:
    text = commented(compose(facts_of(9, 9)), ["seen"])
    heads = [line.split(":")[0] for line in text.splitlines() if line[:1].isalpha()]
    assert heads == [
        "start", "data", "network", "finetune", "prune", "retrain", "stop", "finish", "sweep",
        "baselines",
    ]  # fmt: skip
    assert text.startswith("# seen\n")


def test_what_was_found_is_told() -> None:
    facts = facts_of(
        60, 10, 10, side=500, class_names=("cat", "dog", "owl"), brought=("test",),
        unusable=tuple(f"{n}.jpg (empty file)" for n in range(12)), notes=("folder x is not used",),
    )  # fmt: skip
    told = found(facts)
    assert told[0] == "folder images: 3 classes (cat, dog, owl)"
    assert "80 for training (10 to 60 a class)" in told[1]
    assert told[1].endswith("(test as it came)")
    assert "500 px" in told[2]
    assert told[3] == "mirrored in training: yes"
    assert "6.0 times the images of the smallest ('dog')" in told[4]
    assert told[-3:] == ["left out: 9.jpg (empty file)", "left out: 2 more of those looked at",
                         "folder x is not used"]  # fmt: skip
