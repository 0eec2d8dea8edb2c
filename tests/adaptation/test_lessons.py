"""Learning the source's images where the target's have no labels, through the loop, on digits."""

import dataclasses
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.lessons import lessons
from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig, DataSettings
from tatl_search.data.sources import load_target
from tatl_search.data.target import TargetData
from tatl_search.errors import InputError
from tatl_search.nets.threads import torch_threads
from tests.adaptation.benches import config, digits

FEWER = 5
"""Images of each class in the source."""


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    with torch_threads(1):
        yield


def settings(method: str = "spectral_da", **given: Any) -> AdaptationConfig:
    """Return settings that learn the source: the digits, negated and fewer of them."""
    plain = config(prune={"method": method})
    source = plain.data.model_copy(update={"per_class": FEWER, "split_seed": 1})
    raw = plain.model_dump() | {"source": source.model_dump(), "train_on": "source"} | given
    return AdaptationConfig.model_validate(raw)


@cache
def negatives() -> TargetData:
    source = settings().source
    assert source is not None
    plain = load_target(source)

    def negated(split: Any) -> Any:
        images = 255 - np.asarray(split.images)
        return dataclasses.replace(split, images=images)

    return dataclasses.replace(plain, train=negated(plain.train), fingerprint="negatives")


def without_labels(target: TargetData) -> TargetData:
    """Return a target whose training labels say nothing."""
    train = dataclasses.replace(target.train, labels=np.zeros_like(target.train.labels))
    return dataclasses.replace(target, train=train)


def adapted(folder: Path, given: AdaptationConfig, target: TargetData) -> list[Candidate]:
    bench = Workbench(given, target, StageStore(folder), "first", source=negatives())
    return list(adapt(bench))


def test_the_targets_training_labels_are_not_looked_at(tmp_path: Path) -> None:
    one = adapted(tmp_path / "one", settings(), digits())
    other = adapted(tmp_path / "other", settings(), without_labels(digits()))
    assert [found.stage.key for found in one] == [found.stage.key for found in other]
    weights = [
        [(f.stage.folder / "weights.safetensors").read_bytes() for f in a] for a in (one, other)
    ]
    assert weights[0] == weights[1]
    trained, images = 10 * FEWER, len(digits().train)
    assert [found.stage.metrics.images_trained for found in one] == [2 * trained, trained, trained]
    # Scores look at both sets, compensation does so once more before each round's surgery;
    # batch-norm is estimated on the target, and validation is the target's.
    both, after = trained + images, images + len(digits().val)
    assert [found.choosing.images_forward for found in one] == [both, both, 0]
    assert [found.stage.metrics.images_forward for found in one] == [
        after,
        both + after,
        both + after,
    ]


def test_what_is_learnt_enters_the_keys(tmp_path: Path) -> None:
    on_source = adapted(tmp_path, settings("tatl", stop={"max_rounds": 0}), digits())
    on_target = adapted(
        tmp_path, settings("tatl", stop={"max_rounds": 0}, train_on="target"), digits()
    )
    assert on_source[0].stage.key != on_target[0].stage.key


def test_other_classes_in_the_source_are_refused_by_name() -> None:
    names = ("ten", *negatives().class_names[1:])
    other = dataclasses.replace(negatives(), class_names=names)
    with pytest.raises(InputError, match="only the target has 0; only the source has ten"):
        lessons(settings(), digits(), other)
    turned = dataclasses.replace(negatives(), class_names=negatives().class_names[::-1])
    with pytest.raises(InputError, match="another order"):
        lessons(settings(), digits(), turned)


def test_without_a_source_there_is_nothing_to_learn() -> None:
    with pytest.raises(ValidationError, match="needs the section 'source'"):
        AdaptationConfig.model_validate({"train_on": "source"})
    with pytest.raises(InputError, match="needs the section 'source'"):
        lessons(settings(), digits(), None)


def test_class_weights_are_those_of_what_is_learnt() -> None:
    balanced = settings().data.model_copy(update={"class_weights": "balanced"})
    plain = settings(data=balanced.model_dump())
    assert lessons(plain, digits(), negatives()).class_weights() is None
    source = DataSettings(image_size=32, class_weights="balanced")
    weights = lessons(settings(source=source.model_dump()), digits(), negatives()).class_weights()
    assert weights is not None
    assert weights.tolist() == pytest.approx([1.0] * 10)
