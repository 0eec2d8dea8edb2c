"""Convolutions whose normalised weights have a learnt gain of each filter (NFNet)."""

from typing import Any

from timm.layers import std_conv
from torch import Tensor

from tatl_search.nets.layers.layer import LayerKind, Side
from tatl_search.nets.layers.standardised import Standardised


class ScaledStandardised(Standardised):
    """A normalised convolution that is scaled by filter.

    The constant beside the gain stays that of the unpruned layer: a rebuilt one has it too.
    """

    out = Side("out_channels", {"weight": 0, "bias": 0, "gain": 0})
    gates = ("gain", "bias")

    def _scale(self) -> Tensor | None:
        conv: Any = self.module
        scale: Tensor = conv.gain * conv.scale
        return scale.flatten()


KIND = LayerKind(
    "scaled_standardised",
    (std_conv.ScaledStdConv2d, std_conv.ScaledStdConv2dSame),
    ScaledStandardised,
)
