"""Convolutions whose weights are normalised over what each filter reads (BiT, NFNet)."""

from typing import Any

from timm.layers import std_conv
from timm.layers.conv2d_same import Conv2dSame
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
        conv: Any = self.module
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
        conv: Any = self.module
        rows = conv.weight.reshape(1, conv.out_channels, -1)
        applied = F.batch_norm(
            rows, None, None, self._scale(), training=True, momentum=0.0, eps=conv.eps
        )
        return applied.reshape_as(conv.weight)

    def _scale(self) -> Tensor | None:
        return None


KIND = LayerKind("standardised", (std_conv.StdConv2d, std_conv.StdConv2dSame), Standardised)
