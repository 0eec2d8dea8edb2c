"""Instance normalisations."""

from torch.nn.modules.instancenorm import _InstanceNorm

from tatl_search.nets.layers.layer import LayerKind, Side
from tatl_search.nets.layers.norm import Norm


class InstanceNorm(Norm[_InstanceNorm]):
    """A normalisation of each channel by itself, over the positions of one image."""

    out = Side("num_features", {"weight": 0, "bias": 0, "running_mean": 0, "running_var": 0})
    widths_stored = ("num_features",)


KIND = LayerKind("instance_norm", (_InstanceNorm,), InstanceNorm)
