"""Sparsity of batch-norm scales: the training of Network Slimming.

Liu et al. 2017, "Learning Efficient Convolutional Networks through Network Slimming", arXiv
1708.06519, equation 1.
"""

from torch import nn


def add_sparsity(module: nn.Module, weight: float) -> None:
    """Add the subgradient of `weight` times the sum of |scale| over all batch-norms.

    To be called between backward and the optimiser's step; scales without a gradient, such as
    frozen ones, are passed over.
    """
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.affine:
            scale = layer.weight
            if scale.grad is not None:
                scale.grad.add_(scale.detach().sign(), alpha=weight)
