"""Rounds that learn source images besides: WealthAdapt through the loop, on digits."""

import dataclasses
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.joint import companion_batches
from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig, AugmentSettings
from tatl_search.data.batches import InputForm
from tatl_search.data.target import Split, TargetData
from tatl_search.methods.companions import Companions
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.nets.threads import torch_threads
from tests.adaptation.benches import config, digits

KEPT = (2, 5)
"""Digits of the target; the source has all ten."""

WEALTH = {"classes": 2, "images_per_class": 6}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    with torch_threads(1):
        yield


@cache
def twos_and_fives() -> TargetData:
    def some(split: Split) -> Split:
        chosen = np.isin(split.labels, KEPT)
        return Split(split.images, split.rows[chosen], (split.labels[chosen] == 5).astype(np.int64))

    whole = digits()
    return dataclasses.replace(
        whole, class_names=("2", "5"), train=some(whole.train), val=some(whole.val)
    )


def settings(**wealth: Any) -> AdaptationConfig:
    prune = {"method": "wealthadapt", "wealth": WEALTH | wealth}
    given = config(prune=prune, finetune={"batch_size": 10})
    return given.model_copy(update={"source": given.data})


def bench(store: Path, given: AdaptationConfig, source: TargetData | None = None) -> Workbench:
    return Workbench(given, twos_and_fives(), StageStore(store), "first", source=source or digits())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stages")


@pytest.fixture(scope="module")
def adapted(store: Path) -> list[Candidate]:
    return list(adapt(bench(store, settings())))


def test_the_target_s_own_digits_are_nearest(adapted: list[Candidate]) -> None:
    for candidate in adapted[1:]:
        (note,) = [note for note in candidate.plan.notes if "besides" in note]
        assert sorted(note.rpartition(": ")[2].split(", ")) == ["2", "5"]
    assert len(adapted) == 3


def test_every_image_is_counted(adapted: list[Candidate]) -> None:
    """20 target images an epoch; 12 of the source besides in each of the two rounds."""
    assert [found.stage.metrics.images_trained for found in adapted] == [2 * 20, 20 + 12, 20 + 12]
    choosing = [found.choosing.images_forward for found in adapted]
    assert choosing == [20 + (20 + 60), 20, 0]  # activations each round; the source once


def test_the_second_head_is_not_kept(adapted: list[Candidate], store: Path) -> None:
    network = bench(store, settings()).network_of(adapted[-1].stage)
    with torch.no_grad():
        assert network.module(torch.zeros(1, 3, 32, 32)).shape == (1, 2)


def test_the_same_settings_find_the_same_stages(adapted: list[Candidate], tmp_path: Path) -> None:
    again = list(adapt(bench(tmp_path, settings())))
    for one, other in zip(adapted, again, strict=True):
        assert one.stage.key == other.stage.key
        assert _weights(one) == _weights(other)


def test_a_stage_is_the_same_where_the_choice_was_learnt_before(
    adapted: list[Candidate], store: Path, tmp_path: Path
) -> None:
    """Ranking builds a network and draws its head, which must not reach the training."""
    work = bench(tmp_path, settings())
    root = work.first_fine_tuning()
    alone = work.prune_and_retrain(root, root, adapted[1].plan, round_number=1)
    assert (alone.folder / "weights.safetensors").read_bytes() == _weights(adapted[1])


def test_what_decides_a_round_is_in_its_key(adapted: list[Candidate], store: Path) -> None:
    root, plan = adapted[0].stage, adapted[1].plan
    source = dataclasses.replace(digits(), fingerprint="other")
    flipped = settings()
    flipped = flipped.model_copy(
        update={"source": flipped.data.model_copy(update={"augment": AugmentSettings(flip=True)})}
    )
    keys = [
        work.prune_and_retrain(root, root, plan, number).key
        for work, number in (
            (bench(store, settings()), 1),
            (bench(store, settings()), 2),  # another weight
            (bench(store, settings(classes=3)), 1),
            (bench(store, settings(images_per_class=5)), 1),
            (bench(store, settings(), source), 1),
            (bench(store, flipped), 1),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == adapted[1].stage.key
    later = bench(store, settings(decay=0.1))  # which says nothing of the first round
    assert later.prune_and_retrain(root, root, plan, 1).key == keys[0]


def test_the_first_fine_tuning_is_that_of_all_methods(store: Path) -> None:
    plain = settings().model_copy(update={"prune": config().prune, "source": None})
    works = [bench(store, given) for given in (settings(), plain)]
    assert len({work.first_fine_tuning().key for work in works}) == 1


def test_an_epoch_of_the_target_goes_through_all_companions_once() -> None:
    images = np.arange(9, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    source = Split(images, np.array([8, 6, 4, 2, 0, 1, 3]), np.zeros(7, np.int64))
    companions = Companions(np.array([0, 2, 3, 5, 6]), np.array([0, 0, 1, 1, 1]), 2, "")
    form = InputForm(2, Preprocessing(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)), "cpu")
    batches = companion_batches(
        source, companions, 2, AugmentSettings(), form, torch.Generator().manual_seed(0)
    )
    for _ in range(2):
        epoch = list(islice(batches, 2))
        assert [len(labels) for _, labels in epoch] == [3, 2]
        seen = {
            (round(float(image[0, 0, 0]) * 255), int(label))
            for images_, labels in epoch
            for image, label in zip(images_, labels, strict=True)
        }
        assert seen == {(8, 0), (4, 0), (2, 1), (1, 1), (3, 1)}


def _weights(candidate: Candidate) -> bytes:
    return (candidate.stage.folder / "weights.safetensors").read_bytes()
