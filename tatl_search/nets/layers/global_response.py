"""Global response normalisations (ConvNeXt V2)."""

from collections.abc import Mapping
from typing import Any

from timm.layers.grn import GlobalResponseNorm
from torch import nn

from tatl_search.nets.layers.layer import Layer, LayerKind, Side
from tatl_search.nets.layers.tensors import reshape


class GlobalResponse(Layer[nn.Module]):
    """A gate on each channel by its share of the mean response of all.

    The module has no attribute that says how many channels there are; its tensors do.
    """

    out = Side("channels", {"weight": 0, "bias": 0})
    widths_stored = ("channels",)

    @property
    def dim(self) -> int:
        """The last, or the second where the module says so."""
        dim: Any = self.module.channel_dim
        return int(dim)

    @property
    def across(self) -> bool:
        """Always."""
        return True

    def set_widths(self, widths: Mapping[str, int]) -> None:
        """Set the length of scale and shift; what becomes shorter is filled with zeros."""
        for name in self.out.tensors:
            reshape(self.module, name, (widths["channels"],))

    def _read(self, width: str) -> int:
        return len(self.module.get_parameter("weight"))

    def _write(self, width: str, value: int) -> None:
        """Nothing is to be written."""


KIND = LayerKind("global_response", (GlobalResponseNorm,), GlobalResponse)
