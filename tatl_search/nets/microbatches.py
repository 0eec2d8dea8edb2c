"""A batch that does not fit into memory goes through the network piece by piece."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

_fitting: dict[tuple[object, ...], int] = {}
"""The most images that fitted at once, for each kind of network and image this process met."""


class MicroBatches:
    """Cuts batches into pieces that fit, halved whenever memory runs out.

    Gradients add up to those of the whole batch, since each piece counts by its share of the
    images. Batch-norms are the exception: they normalise by the statistics of the piece they see.
    Pieces of one image are therefore for networks without them.

    What fitted is remembered for the process, so that the next piece of training of such a
    network, pruned or not, does not run out of memory to find it again.

    Attributes:
        used: images of the largest piece since memory last ran out; null while none was cut.
    """

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        """Prepare to cut batches.

        Args:
            module: the network to be trained.
            device: where.
        """
        self._kind = (type(module).__qualname__, device)
        self._least = 2 if any(isinstance(part, _BatchNorm) for part in module.modules()) else 1
        self.used: int | None = None

    def pieces(self, images: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor, float]]:
        """Yield a batch in pieces of nearly the same size, each with its share of the images."""
        count = self._count(images, _fitting.get(self._key(images), len(images)))
        if count > 1:
            self.used = max(self.used or 0, _largest(images, count))
        for some, their in zip(images.tensor_split(count), labels.tensor_split(count), strict=True):
            yield some, their, len(some) / len(images)

    def halve(self, images: Tensor) -> bool:
        """Take half as many images of such a batch at once; return whether that is possible.

        Where it is not, nothing was learnt of what fits.
        """
        key = self._key(images)
        largest = _largest(images, self._count(images, _fitting.get(key, len(images))))
        smaller = max(self._least, largest // 2)
        if _largest(images, self._count(images, smaller)) == largest:
            _fitting.pop(key, None)
            return False
        _fitting[key], self.used = smaller, None
        return True

    def _count(self, images: Tensor, size: int) -> int:
        """Return how many pieces of at most `size` images a batch gives, none below the least."""
        return max(1, min(-(-len(images) // size), len(images) // self._least))

    def _key(self, images: Tensor) -> tuple[object, ...]:
        return (*self._kind, *images.shape[1:])


def _largest(images: Tensor, count: int) -> int:
    return -(-len(images) // count)
