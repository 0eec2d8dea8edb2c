"""How well a network does on a set of images."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.figures import Evaluated
from tatl_search.nets.skeleton import eval_mode

Labels = npt.NDArray[np.int64]


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
    true: list[Tensor] = []
    said: list[Tensor] = []
    with eval_mode(module), torch.inference_mode():
        for images, labels in batches:
            scores = module(images)
            loss = loss + F.cross_entropy(scores.double(), labels, reduction="sum")
            true.append(labels)
            said.append(scores.argmax(dim=1))
            images_seen += len(labels)
    if not images_seen:
        raise ValueError("there are no images to evaluate on")
    labels, answers = torch.cat(true).cpu(), torch.cat(said).cpu()
    return Evaluated(
        accuracy=int((labels == answers).sum()) / images_seen,
        loss=float(loss) / images_seen,
        val_images=images_seen,
        **_over_classes(labels.numpy(), answers.numpy()),
    )


def _over_classes(labels: Labels, answers: Labels) -> dict[str, float]:
    """Return the figures in which every class counts alike, however many images it has.

    A class that has no image here and was never said counts for nothing.
    """
    from sklearn.metrics import f1_score, recall_score  # takes a second

    there = np.unique(labels)
    return {
        "macro_f1": float(f1_score(labels, answers, average="macro")),
        "balanced_accuracy": float(recall_score(labels, answers, labels=there, average="macro")),
    }
