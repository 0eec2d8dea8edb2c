"""How good a ranking is: prune the unpruned network by it, train a little, look at the loss.

Chin et al. 2020 (arXiv 1904.12368). Two things are *our addition*: batch-norm is re-estimated
before the loss is measured, without which a network pruned without training says nothing, and
the loss is measured on images cut from the target's training images, so that validation stays
unseen.
"""

import copy
import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tatl_search.config import TrainingSettings
from tatl_search.config.legr import LEGR
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import NOTHING, Spent
from tatl_search.errors import InfeasibleError, InfeasibleReason, InputError
from tatl_search.methods.context import Context
from tatl_search.nets.batchnorm import reestimate
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.finetune import train
from tatl_search.nets.surgery import prune

Batch = tuple[Tensor, Tensor]

PIECE = 64
LEAST = 4


class Fitness:
    """Tells the loss of the unpruned network without the units of a plan.

    The first of its images measure the loss. The others re-estimate batch-norm and train. All
    plans get the same images in the same order, and the same random numbers.

    Attributes:
        spent: images it took so far.
    """

    def __init__(self, root: Context) -> None:
        """Cut the images.

        Raises:
            InputError: there are fewer than four.
        """
        if root.image_count < LEAST:
            raise InputError(
                f"prune.legr cuts the images that rankings are tried on from the training images,"
                f" and there are only {root.image_count}; give at least {LEAST}"
            )
        self.spent = NOTHING
        self._root = root
        self._settings = LEGR.of(root.settings)
        self._cut = min(self._settings.fitness_images, root.image_count // 2)
        images, labels = _gathered(root.images(), 2 * self._cut)
        self._judges = _pieces(images[: self._cut], labels[: self._cut])
        self._others = _pieces(images[self._cut :], labels[self._cut :])

    def loss(self, plan: PrunePlan) -> float:
        """Return the mean cross-entropy, infinite where training went astray.

        Raises:
            InfeasibleError: memory ran out.
        """
        module = copy.deepcopy(self._root.module)
        prune(module, self._root.groups, plan)
        if self._settings.steps and not self._train(module):
            return math.inf
        seen = reestimate(module, self._others)
        judged = evaluate(module, self._judges)
        self.spent += Spent(images_forward=seen + judged.val_images)
        return judged.loss

    def _train(self, module: torch.nn.Module) -> bool:
        """Train the steps; say whether loss and weights stayed finite."""
        chosen = self._settings
        settings = TrainingSettings(
            epochs=1,
            batch_size=chosen.batch_size,
            learning_rate=chosen.learning_rate,
            schedule="constant",
        )
        device = str(next(module.parameters()).device)
        self.spent += Spent(images_trained=chosen.steps * chosen.batch_size)
        with torch.random.fork_rng():
            torch.manual_seed(self._root.seed)
            try:
                train(module, lambda _: self._steps(), settings, chosen.steps, device)
            except InfeasibleError as error:
                if error.reason is InfeasibleReason.NAN_LOSS:
                    return False
                raise
        return True

    def _steps(self) -> Iterator[Batch]:
        """Make the batches of all steps, each of exactly the size asked for."""
        waiting: list[Batch] = []
        made = 0
        for batch in self._without_judges():
            waiting.append(batch)
            images, labels = _joined(waiting)
            while len(labels) >= self._settings.batch_size:
                yield images[: self._settings.batch_size], labels[: self._settings.batch_size]
                made += 1
                if made == self._settings.steps:
                    return
                images = images[self._settings.batch_size :]
                labels = labels[self._settings.batch_size :]
            waiting = [(images, labels)]

    def _without_judges(self) -> Iterator[Batch]:
        """Make batches of the images that do not measure the loss, over and over."""
        while True:
            skip = self._cut
            for images, labels in self._root.images():
                yield images[skip:], labels[skip:]
                skip = max(0, skip - len(labels))


def _gathered(batches: Iterator[Batch], count: int) -> Batch:
    """Return the first so many images and labels."""
    taken: list[Batch] = []
    for batch in batches:
        taken.append(batch)
        if sum(len(labels) for _, labels in taken) >= count:
            break
    images, labels = _joined(taken)
    return images[:count], labels[:count]


def _joined(batches: list[Batch]) -> Batch:
    images, labels = zip(*batches, strict=True)
    return torch.cat(images), torch.cat(labels)


def _pieces(images: Tensor, labels: Tensor) -> list[Batch]:
    return list(zip(torch.split(images, PIECE), torch.split(labels, PIECE), strict=True))
