"""Random erasing (Zhong et al. 2017, arXiv 1708.04896)."""

import torch
from torch import Tensor

from tatl_search.data.augment.draws import chances, to_device
from tatl_search.data.augment.rectangles import draw_rectangles

AREA = (0.02, 0.33)
ASPECT = (0.3, 3.3)
"""The paper's shares of the area and sides' ratios; torchvision's defaults."""


def erase(images: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Blank one rectangle in some of the images, in place.

    Args:
        images: (B, 3, T, T), normalised: 0 is the mean of what the network was trained on.
        probability: of each image to be among them; at 0 nothing is drawn.
        generator: the only source of randomness.
    """
    if probability == 0.0:
        return images
    count, side = len(images), images.shape[2]
    chosen = chances(probability, count, generator)
    blanks = draw_rectangles(count, side, AREA, ASPECT, generator).mask(side, images.device)
    blanks &= to_device(chosen, images.device).view(-1, 1, 1)
    return images.masked_fill_(blanks.unsqueeze(1), 0.0)
