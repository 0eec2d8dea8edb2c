"""Group normalisations: whole groups of channels go, so that what stays is normalised as before."""

from collections.abc import Sequence

from torch import nn

from tatl_search.nets.layers.layer import Axis, LayerKind, Side
from tatl_search.nets.layers.norm import Norm


class GroupNorm(Norm[nn.GroupNorm]):
    """A normalisation over positions and the channels of a group; one of one group is across."""

    out = Side("num_channels", {"weight": 0, "bias": 0})
    widths_stored = ("num_channels", "num_groups")
    divisor = "num_groups"

    @property
    def across(self) -> bool:
        """Whether all channels are normalised together."""
        return self.module.num_groups == 1

    def ties(self, axis: Axis) -> Sequence[int] | None:
        """Tie the channels of each group."""
        size = self._group_size()
        if self.across or size == 1:
            return None
        return [channel // size for channel in range(self.module.num_channels)]

    def narrow(self, axis: Axis, kept: Sequence[int]) -> None:
        """Keep only the given channels, and as many groups as they are."""
        if not self.across:
            self.module.num_groups = len(kept) // self._group_size()
        super().narrow(axis, kept)

    def _group_size(self) -> int:
        return self.module.num_channels // self.module.num_groups


KIND = LayerKind("group_norm", (nn.GroupNorm,), GroupNorm)
