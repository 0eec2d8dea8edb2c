"""Rectifiers with a learnt slope."""

from torch import nn

from tatl_search.nets.layers.layer import Layer, LayerKind, Side


class ParametricRectifier(Layer[nn.PReLU]):
    """A non-linearity with a slope of each channel; one with a single slope has no channels."""

    out = Side("num_parameters", {"weight": 0})
    widths_stored = ("num_parameters",)
    gates = ()


KIND = LayerKind("prelu", (nn.PReLU,), ParametricRectifier)
