"""How well a network does on a set of images."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.figures import Evaluated
from tatl_search.nets.skeleton import eval_mode


def evaluate(module: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> Evaluated:
    """Evaluate a network in eval mode; its modes stay as they are.

    The loss is not finite where a score is not.

    Losses are summed in double precision, so that the result does not depend on how the images
    are cut into batches beyond the rounding of the network itself.

    Args:
        module: the network.
        batches: images (N, 3, H, W) and labels (N,), on its device.

    Raises:
        ValueError: there are no images.
    """
    images_seen = 0
    loss: Tensor | float = 0.0
    correct: Tensor | int = 0
    with eval_mode(module), torch.inference_mode():
        for images, labels in batches:
            scores = module(images)
            loss = loss + F.cross_entropy(scores.double(), labels, reduction="sum")
            correct = correct + (scores.argmax(dim=1) == labels).sum()
            images_seen += len(labels)
    if not images_seen:
        raise ValueError("there are no images to evaluate on")
    return Evaluated(
        accuracy=int(correct) / images_seen,
        loss=float(loss) / images_seen,
        val_images=images_seen,
    )
