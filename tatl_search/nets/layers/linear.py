"""Linear layers."""

from torch import nn

from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.layer import LayerKind, Side


class Linear(Filters[nn.Linear]):
    """A linear layer over the last dimension."""

    out = Side("out_features", {"weight": 0, "bias": 0})
    into = Side("in_features", {"weight": 1})
    widths_stored = ("in_features", "out_features")
    is_convolution = False

    @property
    def dim(self) -> int:
        """The last."""
        return -1

    def weights_per_pair(self) -> int:
        """Return one."""
        return 1


KIND = LayerKind("linear", (nn.Linear,), Linear)
