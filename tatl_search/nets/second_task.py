"""A second task that a network learns beside the target's, on a head of its own."""

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn import functional

from tatl_search.nets.features import feature_count, features


class SecondTask:
    """Images of another task, told apart by a linear layer on the features of the network.

    The network sees them in batches of their own, so that its batch-norms normalise the target's
    images by the target's statistics alone. The head is drawn anew from torch's random numbers
    and goes away with this object: of a stage, only the network's weights and buffers remain.

    Args:
        module: the network, as it will be trained.
        batches: without end; images (B, 3, H, W) on the device, and labels (B,) or shares of
            the classes (B, classes).
        classes: number of the second task's classes.
        weight: how much its loss counts, that of the target counting 1.

    Attributes:
        head: to be trained along with the network.
        images_trained: images given to the network so far.
    """

    def __init__(
        self,
        module: nn.Module,
        batches: Iterator[tuple[Tensor, Tensor]],
        classes: int,
        weight: float,
    ) -> None:
        device = next(module.parameters()).device
        self.head: nn.Module = nn.Linear(feature_count(module), classes).to(device)
        self.images_trained = 0
        self._batches = batches
        self._weight = weight

    def draw(self) -> tuple[Tensor, Tensor]:
        """Return the next batch, to be learnt."""
        images, labels = next(self._batches)
        self.images_trained += len(labels)
        return images, labels

    def loss(self, module: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the weighted cross-entropy of a batch or a part of it, the mean over images."""
        scores = self.head(features(module, images))
        return self._weight * functional.cross_entropy(scores.float(), labels)
