"""How much each class's images count in the loss."""

import numpy as np
import torch
from torch import Tensor

from tatl_search.data.target import Labels


def balanced_weights(labels: Labels, classes: int) -> Tensor:
    """Return weights that give every class the same say: N / (classes x images of the class).

    scikit-learn's formula; their mean over the images is 1. A class without images weighs like
    one with a single image.

    Args:
        labels: (N,) of the training images.
        classes: number of classes.

    Returns:
        (classes,) float32.
    """
    counts = np.bincount(labels, minlength=classes).clip(min=1)
    return torch.from_numpy(len(labels) / (classes * counts)).float()
