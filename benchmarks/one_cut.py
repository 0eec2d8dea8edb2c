"""One cut and training: what needs no search at all.

For each of some shares of the MACs: the network as it comes from ImageNet, the mean absolute
activation of its units on the target's training images, one keep ratio for all groups so that the
share is met, a head drawn anew, then 4,000 images of training at a high rate. Cheapest first: its
networks then cover the costs as early as they can. When all shares are through it goes through
them again, with other random numbers.

It is a script of a user's own on this product's functions for networks: no loop, no search.
"""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.arm import Task, note
from tatl_search.config import TrainingSettings
from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.nets.activations import mean_activations
from tatl_search.nets.batchnorm import reestimate
from tatl_search.nets.cost import cost_model, layer_macs
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.finetune import train
from tatl_search.nets.groups import Group, find_groups
from tatl_search.nets.head import classifier_name
from tatl_search.nets.surgery import prune
from tatl_search.nets.zoo import LoadedNetwork, build, channels_last

SHARES = (0.01, 0.02, 0.05, 0.10, 0.30, 1.0)
IMAGES = 4_000
BATCH = 50
RATE = 0.1
AUGMENT = {"crop": "none"}
"""Images as they are."""

Ints = npt.NDArray[np.int64]


def search(task: Task, folder: Path, images: int) -> None:
    """Make networks until so many images are used up; each is kept, and a line about it."""
    began, trained, number = time.time(), 0, 0
    while trained + IMAGES <= images:
        share = SHARES[number % len(SHARES)]
        torch.manual_seed(1000 * task.config.seed + number)
        network = build(task.config.network, len(task.target.class_names), task.target.image_size)
        cut(network, task, share)
        of_this = learn(network, task)
        reestimate(network.module, task.images(network, "train"))
        accuracy = evaluate(network.module, task.images(network, "val")).accuracy
        note(folder, f"{number}-{share:g}", network, task, accuracy, of_this, began)
        trained, number = trained + of_this, number + 1


def cut(network: LoadedNetwork, task: Task, share: float) -> None:
    """Prune a network to a share of its MACs, every group by one ratio, and draw its head anew."""
    module, size = network.module, task.target.image_size
    if share < 1.0:
        groups = find_groups(module, size)
        strength = mean_activations(module, groups, task.images(network, "train"))
        cost = cost_model(module, groups, layer_macs(module, size))
        most = share * cost.macs(np.array([group.width for group in groups]))
        low, high = 0.0, 1.0
        for _ in range(30):
            ratio = (low + high) / 2
            low, high = (ratio, high) if cost.macs(_widths(groups, ratio)) <= most else (low, ratio)
        removals = [
            _weakest(group, strength[group.name], int(left))
            for group, left in zip(groups, _widths(groups, low), strict=True)
        ]
        prune(module, groups, PrunePlan(tuple(removals)))
        channels_last(module)
    head = module.get_submodule(classifier_name(module))
    head.reset_parameters()  # type: ignore[operator]


def _widths(groups: tuple[Group, ...], ratio: float) -> Ints:
    return np.array([max(1, round(ratio * group.width)) for group in groups], dtype=np.int64)


def _weakest(group: Group, strength: npt.NDArray[np.float64], left: int) -> GroupRemoval:
    gone = np.sort(np.argsort(strength, kind="stable")[: group.width - left])
    return GroupRemoval(group.name, tuple(map(int, gone)), group.width, 0.0, group.width)


def learn(network: LoadedNetwork, task: Task) -> int:
    """Train a network with one cycle of the rate; return the images that took."""
    steps = IMAGES // BATCH

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from task.training_batches(network, BATCH, torch.default_generator)

    settings = TrainingSettings(epochs=1, batch_size=BATCH, learning_rate=RATE)
    report = train(network.module, lambda _: islice(batches(), steps), settings, steps, "cpu")
    return report.images_trained
