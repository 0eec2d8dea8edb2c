"""The two pieces of training: what they store, what they depend on, what they leave alone."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tatl_search.adaptation.loop import choose_filters
from tatl_search.adaptation.stages import Stage, StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.data.sources import load_target
from tatl_search.data.target import Split
from tatl_search.errors import InfeasibleError, InfeasibleReason
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.structure import load_network
from tests.adaptation.benches import TRAINING_IMAGES, bench, config, digits


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(1)


def first_round(work: Workbench) -> Stage:
    root = work.first_fine_tuning()
    plan = choose_filters(work, work.network_of(root), root, root).plan
    return work.prune_and_retrain(root, root, plan, round_number=1)


def weights(stage: Stage) -> bytes:
    return (stage.folder / "weights.safetensors").read_bytes()


def test_the_stored_network_scores_as_its_metrics_say(tmp_path: Path) -> None:
    work = bench(tmp_path)
    for stage in (work.first_fine_tuning(), first_round(work)):
        network = work.network_of(stage)
        evaluation = evaluate(network.module, work.validation_images(network)())
        assert evaluation.accuracy == stage.metrics.accuracy
        assert evaluation.val_images == stage.metrics.val_images == len(digits().val)
        _, class_names, image_size = load_network(stage.folder)
        assert (class_names, image_size) == (digits().class_names, 32)


def test_a_stage_of_an_earlier_version_is_given_the_figures_it_lacks(tmp_path: Path) -> None:
    """Its files stay as they are; what it knows is not measured again."""
    work = bench(tmp_path)
    whole = work.first_fine_tuning()
    path = whole.folder / "metrics.json"
    raw = json.loads(path.read_text())
    raw["metrics"] = {k: v for k, v in raw["metrics"].items() if k != "macro_f1"}
    raw["metrics"]["accuracy"] = 0.123
    del raw["sha256"]  # earlier versions stored none
    path.write_text(json.dumps(raw))
    found = work.first_fine_tuning()
    assert found.metrics == replace(whole.metrics, accuracy=0.123)
    assert whole.metrics.macro_f1 is not None
    assert json.loads(path.read_text()) == raw


def test_it_learns(tmp_path: Path) -> None:
    stage = bench(tmp_path, config(finetune={"epochs": 4})).first_fine_tuning()
    assert stage.metrics.accuracy > 0.5  # guessing is right once in ten


EVERYTHING = {
    "crop": "resized",
    "flip": True,
    "brightness": 0.2,
    "contrast": 0.2,
    "saturation": 0.2,
    "hue": 0.05,
    "erase": 0.25,
    "mixup": 0.2,
    "cutmix": 1.0,
}


def test_it_trains_on_parts_of_larger_images_however_they_are_varied(tmp_path: Path) -> None:
    settings = config(data={"storage_size": 40, "augment": EVERYTHING})
    target = load_target(settings.data)
    work = bench(tmp_path, settings, target=target)
    stage = work.first_fine_tuning()
    assert stage.metrics.images_trained == 2 * TRAINING_IMAGES
    network = work.network_of(stage)
    images, labels = next(iter(work.validation_images(network)()))
    assert images.shape[1:] == (3, 32, 32)
    middle = target.val.pixels(slice(len(labels)))[:, 4:-4, 4:-4]
    mean, std = network.preprocessing.mean, network.preprocessing.std
    expected = (middle / 255.0 - np.array(mean)) / np.array(std)
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), expected, atol=1e-5)


def test_rare_classes_count_more_where_classes_are_balanced(tmp_path: Path) -> None:
    """Of the digits 5 to 9 there are two images each, of the others ten."""
    train = digits().train
    few = np.concatenate(
        [np.flatnonzero(train.labels == digit)[: 10 if digit < 5 else 2] for digit in range(10)]
    )
    scarce = replace(digits(), train=Split(train.images, train.rows[few], train.labels[few]))
    assert np.bincount(scarce.train.labels).tolist() == [10] * 5 + [2] * 5
    stages = [
        bench(tmp_path, config(data={"class_weights": kind}), target=scarce).first_fine_tuning()
        for kind in ("none", "balanced")
    ]
    assert stages[0].key != stages[1].key
    assert weights(stages[0]) != weights(stages[1])


def test_a_stage_does_not_depend_on_random_numbers_drawn_before(tmp_path: Path) -> None:
    stages = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        stages.append(first_round(bench(tmp_path / str(seed))))
    assert stages[0].key == stages[1].key
    assert weights(stages[0]) == weights(stages[1])


def test_another_seed_is_another_stage(tmp_path: Path) -> None:
    settings = config()
    other = settings.model_copy(update={"seed": 1})
    one, two = (bench(tmp_path, s).first_fine_tuning() for s in (settings, other))
    assert one.key != two.key
    assert weights(one) != weights(two)


def test_the_first_fine_tuning_has_its_own_threads(tmp_path: Path) -> None:
    """More threads may change the last bits, so that they are part of the key."""
    work = Workbench(config(), digits(), StageStore(tmp_path), "first", root_threads=2)
    stage = work.first_fine_tuning()
    assert torch.get_num_threads() == 1
    assert stage.key != bench(tmp_path).first_fine_tuning().key


def test_training_that_blows_up_is_infeasible_and_leaves_no_stage(tmp_path: Path) -> None:
    wild = {"learning_rate": 1e30, "clip_norm": None}
    with pytest.raises(InfeasibleError) as raised:
        bench(tmp_path, config(finetune=wild)).first_fine_tuning()
    assert raised.value.reason is InfeasibleReason.NAN_LOSS
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    with pytest.raises(InfeasibleError):
        first_round(bench(tmp_path, config(retrain=wild)))
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1  # the root
