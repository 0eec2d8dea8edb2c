"""Convolutions in two dimensions: dense, in blocks (ResNeXt, RegNet), and depthwise."""

from collections.abc import Sequence

from torch import nn

from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.layer import Axis, LayerKind, Side


class Convolution(Filters[nn.Conv2d]):
    """A convolution; in one of several blocks, all blocks keep the same positions."""

    out = Side("out_channels", {"weight": 0, "bias": 0})
    into = Side("in_channels", {"weight": 1})
    widths_stored = ("in_channels", "out_channels", "groups")
    divisor = "groups"

    @property
    def blocks(self) -> int:
        """The groups, as torch calls them."""
        return self.module.groups

    @property
    def is_depthwise(self) -> bool:
        """Whether there is a block for each channel on both sides."""
        conv = self.module
        return 1 < conv.groups == conv.in_channels == conv.out_channels

    def ties(self, axis: Axis) -> Sequence[int] | None:
        """Tie the channels at the same position of every block."""
        if self.blocks == 1 or self.is_depthwise:
            return None
        channels = self.channels(axis)
        return [channel % (channels // self.blocks) for channel in range(channels)]

    def narrow(self, axis: Axis, kept: Sequence[int]) -> None:
        """Keep only the given channels; a depthwise one keeps them on both sides."""
        if self.is_depthwise:
            super().narrow(Axis.OUT, kept)
            self.module.in_channels = self.module.groups = len(kept)
        else:
            super().narrow(axis, kept)

    def weights_per_pair(self) -> int:
        """Return the size of the kernel."""
        return self.weight[0, 0].numel()

    def join(self) -> None:
        """Torch-Pruning takes one output a block for a depthwise convolution."""
        conv = self.module
        if self.blocks > 1 and not self.is_depthwise:
            weight = conv.weight.new_empty(conv.out_channels, conv.in_channels, *conv.kernel_size)
            conv.weight, conv.groups = nn.Parameter(weight), 1

    def _slices(self, axis: Axis, tensor: str, channels: Sequence[int]) -> Sequence[int]:
        return channels[: len(channels) // self.blocks] if axis is Axis.IN else channels


KIND = LayerKind("convolution", (nn.Conv2d,), Convolution)
