"""The script a good user would write on top of Ray Tune, OptunaSearch and Torch-Pruning.

Every trial starts from the pre-trained network: some training, then cuts by group L2 norm, one
ranking over all layers, each followed by an epoch, until the share of the MACs that the trial
aims at is reached; about seven cuts. Batch-norm statistics are estimated anew before each
evaluation, without which every pruned network reads as chance. Optuna sees what a trial reports
last.

It shares with the other arms of `benchmarks.search_efficiency` what is not in question: images,
batch size, the counter of MACs. Search, training, pruning and book-keeping are its own.
"""

import math
import time
from collections.abc import Mapping
from pathlib import Path

import ray
import torch
import torch_pruning as tp
from ray import tune
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.optuna import OptunaSearch
from torch import nn
from torch.nn import functional as F

from benchmarks.arm import Task, note
from tatl_search.config import AdaptationConfig
from tatl_search.nets.cost import count_macs
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.head import classifier_name
from tatl_search.nets.zoo import LoadedNetwork, build, channels_last

ROUNDS = 7
FIRST_EPOCHS = 3
BATCH = 50
LEAST_IMAGES = 500
"""An epoch of fewer images is gone through so often that a cut is followed by as many."""


def search(config: AdaptationConfig, packed: Path, folder: Path, images: int) -> None:
    """Run trials for so many images, two at a time; every network and a line about it are kept."""
    began = time.time()
    folder.mkdir(parents=True)
    space = {
        "learning_rate": tune.loguniform(0.01, 0.1),
        "factor": tune.uniform(0.2, 1.0),
        "target": tune.loguniform(0.01, 0.5),
    }
    searcher = OptunaSearch(metric=["accuracy", "macs"], mode=["max", "min"], seed=config.seed)
    of_a_trial = (FIRST_EPOCHS + ROUNDS) * _epoch(Task.open(config, packed))
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        tune.Tuner(
            tune.with_parameters(
                adapt, config=config, packed=packed, folder=folder.resolve(), began=began
            ),
            param_space=space,
            tune_config=tune.TuneConfig(
                num_samples=math.ceil(images / of_a_trial),
                search_alg=ConcurrencyLimiter(searcher, max_concurrent=2),
            ),
            run_config=tune.RunConfig(storage_path=str(folder.resolve() / "ray"), verbose=0),
        ).fit()
    finally:
        ray.shutdown()


def _repeats(task: Task) -> int:
    """Return how often the training images are gone through in what counts as an epoch."""
    return math.ceil(LEAST_IMAGES / len(task.target.train))


def _epoch(task: Task) -> int:
    return _repeats(task) * len(task.target.train)


def adapt(
    settings: Mapping[str, float],
    config: AdaptationConfig,
    packed: Path,
    folder: Path,
    began: float,
) -> None:
    """One trial."""
    torch.set_num_threads(1)
    torch.manual_seed(config.seed)
    task = Task.open(config, packed)
    classes, size = len(task.target.class_names), task.target.image_size
    network = build(config.network, classes, size)
    trial = tune.get_context().get_trial_id()
    unpruned = macs = count_macs(network.module, size)
    # MACs go about with the square of the channels.
    ratio = 1.0 - settings["target"] ** (0.5 / ROUNDS)
    cuts, epochs, rate = 0, FIRST_EPOCHS, settings["learning_rate"]
    while True:
        train(network, task, epochs * _repeats(task), rate)
        reestimate(network, task)
        accuracy = evaluate(network.module, task.images(network, "val")).accuracy
        note(folder, f"{trial}-{cuts}", network, task, accuracy, epochs * _epoch(task), began)
        tune.report({"accuracy": accuracy, "macs": macs})
        if macs <= settings["target"] * unpruned or cuts == 2 * ROUNDS:
            return
        prune(network, ratio, size)
        macs = count_macs(network.module, size)
        cuts, epochs, rate = cuts + 1, 1, settings["learning_rate"] * settings["factor"]


def train(network: LoadedNetwork, task: Task, epochs: int, rate: float) -> None:
    """Train with SGD and one cycle of the learning rate."""
    module = network.module.train()
    optimizer = torch.optim.SGD(
        module.parameters(), lr=rate, momentum=0.9, nesterov=True, weight_decay=1e-4
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=rate, total_steps=epochs * task.steps(BATCH)
    )
    for _ in range(epochs):
        for images, labels in task.training_batches(network, BATCH, torch.default_generator):
            optimizer.zero_grad()
            F.cross_entropy(module(images), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


def prune(network: LoadedNetwork, ratio: float, image_size: int) -> None:
    """Remove a share of the channels by Torch-Pruning's group L2 norm, ranked over all layers."""
    module = network.module
    tp.pruner.BasePruner(
        module,
        torch.zeros(1, 3, image_size, image_size),
        importance=tp.importance.GroupMagnitudeImportance(p=2),
        global_pruning=True,
        pruning_ratio=ratio,
        ignored_layers=[module.get_submodule(classifier_name(module))],
    ).step()
    channels_last(module)


def reestimate(network: LoadedNetwork, task: Task) -> None:
    """Estimate batch-norm statistics anew: reset, cumulative average, one pass."""
    norms = [layer for layer in network.module.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.module.train()
    with torch.no_grad():
        for images, _ in task.images(network, "train"):
            network.module(images)
    network.module.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
