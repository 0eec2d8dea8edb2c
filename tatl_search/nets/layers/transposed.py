"""Transposed convolutions in two dimensions (U-Nets, decoders): dense and depthwise."""

from torch import Tensor, nn

from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.layer import Axis, LayerKind, Side


class TransposedConvolution(Filters[nn.ConvTranspose2d]):
    """A convolution whose weights run over its inputs first."""

    out = Side("out_channels", {"weight": 1, "bias": 0})
    into = Side("in_channels", {"weight": 0})
    widths_stored = ("in_channels", "out_channels", "groups")
    divisor = "groups"

    def channels(self, axis: Axis) -> int:
        """Return how many channels a side has; there is no way yet to narrow one in blocks."""
        if self.blocks > 1:
            raise ValueError(f"{type(self.module).__name__} in blocks cannot be narrowed")
        return super().channels(axis)

    @property
    def blocks(self) -> int:
        """The groups, as torch calls them."""
        return self.module.groups

    def positions(self, given: Tensor, made: Tensor) -> int:
        """Return how many positions it is given: each is spread over what it makes."""
        return given.numel() // self.module.in_channels

    def weights_per_pair(self) -> int:
        """Return the size of the kernel."""
        return self.weight[0, 0].numel()


KIND = LayerKind("transposed", (nn.ConvTranspose2d,), TransposedConvolution)
