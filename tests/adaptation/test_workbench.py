"""The two pieces of training: what they store, what they depend on, what they leave alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tatl_search.adaptation.loop import choose_filters
from tatl_search.adaptation.stages import Stage, StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.errors import InfeasibleError, InfeasibleReason
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.structure import load_network
from tests.adaptation.benches import bench, config, digits


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(1)


def first_round(work: Workbench) -> Stage:
    root = work.first_fine_tuning()
    plan = choose_filters(work, work.network_of(root), root, root).plan
    return work.prune_and_retrain(root, root, plan)


def weights(stage: Stage) -> bytes:
    return (stage.folder / "weights.safetensors").read_bytes()


def test_the_stored_network_scores_as_its_metrics_say(tmp_path: Path) -> None:
    work = bench(tmp_path)
    for stage in (work.first_fine_tuning(), first_round(work)):
        network = work.network_of(stage)
        evaluation = evaluate(network.module, work.validation_images(network)())
        assert evaluation.accuracy == stage.metrics.accuracy
        assert evaluation.images == stage.metrics.val_images == len(digits().val)
        _, class_names, image_size = load_network(stage.folder)
        assert (class_names, image_size) == (digits().class_names, 32)


def test_it_learns(tmp_path: Path) -> None:
    stage = bench(tmp_path, config(finetune={"epochs": 4})).first_fine_tuning()
    assert stage.metrics.accuracy > 0.5  # guessing is right once in ten


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
