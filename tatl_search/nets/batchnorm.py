"""Batch-norm statistics, estimated anew: those of before surgery or training mislead."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from tatl_search.nets.skeleton import eval_mode


def reestimate(module: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> int:
    """Estimate the running statistics of all batch-norm layers anew, in place.

    Each statistic becomes the mean over the batches, weighted by their numbers of images, of the
    batch's mean and unbiased variance ("precise batch-norm", Wu and Johnson 2021, arXiv
    2105.07576, with all batches counting alike instead of a moving average). Weights do not
    change; dropout and the like are off; momenta and modes stay as they are.

    A batch of one image is left out: there is no variance over one value.

    Args:
        module: the network.
        batches: images (N, 3, H, W) on its device, and labels, which are not looked at. The
            order should be random: batches of one class each have other statistics.

    Returns:
        Number of images passed forward; 0 for a network without batch-norm.

    Raises:
        ValueError: there is no batch of at least two images.
    """
    norms = [
        layer
        for layer in module.modules()
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.track_running_stats
    ]
    if not norms:
        return 0
    momenta = [norm.momentum for norm in norms]
    seen = 0
    try:
        with eval_mode(module), torch.no_grad():
            for norm in norms:
                norm.train()
            for images, _ in batches:
                if len(images) < 2:
                    continue
                seen += len(images)
                for norm in norms:
                    norm.momentum = len(images) / seen  # 1 at first: forgets what was there
                module(images)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    if not seen:
        raise ValueError("batch-norm statistics need a batch of at least two images")
    return seen
