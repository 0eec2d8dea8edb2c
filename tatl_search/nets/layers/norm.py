"""Layers that normalise the channels they are given."""

from torch import nn

from tatl_search.nets.layers.layer import Layer, M


class Norm(Layer[M]):
    """A normalisation, with a scale and a shift of each channel or without."""

    @property
    def activates(self) -> bool:
        """Whether a non-linearity is part of it, as in some of timm's."""
        return not isinstance(getattr(self.module, "act", None), nn.Identity | None)
