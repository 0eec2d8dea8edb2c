"""Convolutions whose weights are normalised over what each filter reads (BiT, NFNet)."""

from timm.layers import Conv2dSame, std_conv
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.nets.layers.convolution import Convolution
from tatl_search.nets.layers.layer import LayerKind


class Standardised(Convolution):
    """A convolution whose filters have mean 0 and variance 1 when they are applied.

    A filter that reads fewer channels is normalised over those, so a channel that goes changes how
    the others are read.
    """

    def plain(self) -> nn.Conv2d:
        """Return a convolution that has its weights as they are applied."""
        conv = self.module
        kind = Conv2dSame if getattr(conv, "same_pad", False) else nn.Conv2d
        plain = kind(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            conv.stride,
            conv.padding,
            conv.dilation,
            conv.groups,
            device="meta",
        )
        plain.weight, plain.bias = nn.Parameter(self._applied()), conv.bias
        return plain

    def _applied(self) -> Tensor:
        conv = self.module
        rows = conv.weight.reshape(1, conv.out_channels, -1)
        return F.batch_norm(
            rows, None, None, self._scale(), training=True, momentum=0.0, eps=conv.eps
        ).reshape_as(conv.weight)

    def _scale(self) -> Tensor | None:
        return None


KIND = LayerKind("standardised", (std_conv.StdConv2d, std_conv.StdConv2dSame), Standardised)
