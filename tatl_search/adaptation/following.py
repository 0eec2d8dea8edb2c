"""Follows a piece of training as it goes: epochs, accuracy so far, time left."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from tatl_search.data.batches import Batch

EVERY_S = 1.0
"""Time between two words of how training gets on."""


@dataclass(frozen=True)
class TrainingProgress:
    """How far a piece of training is.

    Attributes:
        done: epochs that are through, with the share of the one that runs.
        epochs: of all of it.
        accuracy: share of the last whole epoch's images that were classified right as they were
            trained, augmented and before each step; null in the first epoch.
        seconds: since it began.
    """

    done: float
    epochs: int
    accuracy: float | None
    seconds: float

    @property
    def is_over(self) -> bool:
        """Whether all epochs are through."""
        return self.done >= self.epochs

    @property
    def left_s(self) -> float | None:
        """Seconds left at the pace so far; null where nothing is done."""
        return self.seconds * (self.epochs - self.done) / self.done if self.done else None


Hear = Callable[[TrainingProgress], None]


class Follower:
    """Counts the batches that a network is trained on and looks at what it makes of them.

    Use it as a context around the training. The network's weights and random numbers are the same
    as without it.
    """

    def __init__(self, module: nn.Module, epochs: int, steps_per_epoch: int, hear: Hear) -> None:
        """Prepare to follow.

        Args:
            module: the network that is trained.
            epochs: how many there will be.
            steps_per_epoch: batches of each.
            hear: told how training gets on, once in `EVERY_S` at most, and at its end.
        """
        self._module = module
        self._epochs = epochs
        self._steps = steps_per_epoch
        self._hear = hear
        self._labels: Tensor | None = None
        self._right: Tensor | None = None
        self._seen = 0
        self._accuracy: float | None = None
        self._started = time.monotonic()
        self._next = self._started + EVERY_S

    def __enter__(self) -> "Follower":
        self._handle = self._module.register_forward_hook(self._look)
        return self

    def __exit__(self, error: object, *_: object) -> None:
        self._handle.remove()
        if error is None:
            self._end_epoch()
            self._tell(self._epochs)

    def batches(self, epoch: int, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Yield an epoch's batches: images (N, 3, H, W), labels (N,) or shares (N, classes)."""
        self._end_epoch()
        for step, (images, labels) in enumerate(batches):
            self._labels = labels
            if time.monotonic() >= self._next:
                self._tell(epoch + step / self._steps)
            yield images, labels

    def _look(self, _module: nn.Module, _inputs: object, scores: Tensor) -> None:
        labels, self._labels = self._labels, None
        # Parts of a batch that did not fit into memory are passed over.
        if labels is None or len(labels) != len(scores) or not self._module.training:
            return
        known = labels if labels.dim() == 1 else labels.argmax(1)
        right = (scores.detach().argmax(1) == known).sum()
        self._right = right if self._right is None else self._right + right
        self._seen += len(known)

    def _end_epoch(self) -> None:
        if self._right is not None:
            # Only here does a GPU have to be waited for.
            self._accuracy = float(self._right) / self._seen
        self._right, self._seen = None, 0

    def _tell(self, done: float) -> None:
        now = time.monotonic()
        self._next = now + EVERY_S
        seconds = now - self._started
        self._hear(TrainingProgress(done, self._epochs, self._accuracy, seconds))
