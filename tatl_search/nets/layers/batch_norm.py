"""Batch normalisations."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tatl_search.nets.layers.layer import LayerKind, Side
from tatl_search.nets.layers.norm import Norm


class BatchNorm(Norm[_BatchNorm]):
    """A normalisation of each channel by itself, over images and positions."""

    out = Side("num_features", {"weight": 0, "bias": 0, "running_mean": 0, "running_var": 0})
    widths_stored = ("num_features",)


KIND = LayerKind("batch_norm", (nn.modules.batchnorm._BatchNorm,), BatchNorm)
