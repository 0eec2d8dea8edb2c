"""Normalisations over the channels of each position, which come last."""

from torch import nn

from tatl_search.nets.layers.layer import Axis, LayerKind, Side
from tatl_search.nets.layers.norm import Norm


class LayerNorm(Norm[nn.LayerNorm]):
    """A normalisation over channels; one over positions besides cannot be narrowed."""

    out = Side("normalized_shape", {"weight": -1, "bias": -1})
    widths_stored = ("normalized_shape",)

    def channels(self, axis: Axis) -> int:
        """Return the size that is normalised over."""
        if len(self.module.normalized_shape) > 1:
            raise ValueError(f"layers of type {type(self.module).__name__} cannot be narrowed")
        return super().channels(axis)

    @property
    def dim(self) -> int:
        """The last."""
        return -1

    @property
    def across(self) -> bool:
        """Always."""
        return True

    def _read(self, width: str) -> int:
        return self.module.normalized_shape[-1]

    def _write(self, width: str, value: int) -> None:
        self.module.normalized_shape = (*self.module.normalized_shape[:-1], value)


KIND = LayerKind("layer_norm", (nn.LayerNorm,), LayerNorm)
