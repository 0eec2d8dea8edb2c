"""Two images in one, and labels that say how much of each: mixup and cutmix."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tatl_search.config import AugmentSettings
from tatl_search.data.augment.draws import chances, to_device
from tatl_search.data.augment.rectangles import Rectangles


def mix(
    images: Tensor,
    labels: Tensor,
    settings: AugmentSettings,
    classes: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Mix each image with another one of the batch, by a share of its own.

    Mixup blends the two (Zhang et al. 2017, arXiv 1710.09412); cutmix pastes a rectangle of the
    other (Yun et al. 2019, arXiv 1905.04899), and the share is the one that is left to see. With
    both, a coin decides for the whole batch. An image's partner may be itself.

    Args:
        images: (B, 3, T, T).
        labels: (B,) int64.
        settings: alpha of the Beta distribution that shares are drawn from, for each way.
        classes: C.
        generator: the only source of randomness.

    Returns:
        Images (B, 3, T, T) and label shares (B, C) float32, each row with the sum 1; without
        mixup and cutmix both as they came, and nothing is drawn.
    """
    if settings.mixup == 0.0 and settings.cutmix == 0.0:
        return images, labels
    count, device = len(images), images.device
    pasted = settings.cutmix > 0.0
    if pasted and settings.mixup > 0.0:
        pasted = bool(chances(0.5, 1, generator))
    drawn = torch.randperm(count, generator=generator, device=generator.device)
    partner = to_device(drawn, device)
    shares = _beta(settings.cutmix if pasted else settings.mixup, count, generator)
    others = images[partner]
    if pasted:
        boxes = _patches(shares, images.shape[2], generator)
        images = torch.where(boxes.mask(images.shape[2], device).unsqueeze(1), others, images)
        shares = 1.0 - boxes.height * boxes.width / images.shape[2] ** 2
    left = to_device(shares.float(), device).view(-1, 1)
    if not pasted:
        images = torch.lerp(others, images, left.view(-1, 1, 1, 1))
    own = F.one_hot(labels, classes).float()
    return images, torch.lerp(own[partner], own, left)


def _beta(alpha: float, count: int, generator: torch.Generator) -> Tensor:
    """Draw (count,) float64 shares from Beta(alpha, alpha).

    By numpy, seeded from the generator: torch's Beta distribution takes no generator.
    """
    seed = torch.randint(2**63 - 1, (1,), generator=generator, device=generator.device)
    shares = np.random.default_rng(int(seed)).beta(alpha, alpha, count)
    return torch.from_numpy(shares).to(generator.device)


def _patches(shares: Tensor, side: int, generator: torch.Generator) -> Rectangles:
    """Draw squares of area 1 - share about centres anywhere in the image, cut off at its border."""
    half = (0.5 * side * (1.0 - shares).sqrt()).long()
    shape = (2, len(shares))
    centres = torch.randint(side, shape, generator=generator, device=generator.device)
    start = (centres - half).clamp(min=0)
    length = (centres + half).clamp(max=side) - start
    return Rectangles(top=start[0], left=start[1], height=length[0], width=length[1])
