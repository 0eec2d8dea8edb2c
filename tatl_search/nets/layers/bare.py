"""Parameters that are of no layer known: layer scales, embeddings."""

from collections.abc import Sequence

from torch import Tensor, nn

from tatl_search.nets.layers.layer import Axis, Layer, Side
from tatl_search.nets.layers.tensors import keep


class Bare(Layer[nn.Module]):
    """One Parameter of a module, which holds a number of each channel or several."""

    widths_stored = ()

    def __init__(self, owner: nn.Module, leaf: str) -> None:
        """Look at a module's Parameter."""
        super().__init__(owner)
        self.leaf = leaf

    @property
    def parameter(self) -> Tensor:
        """The Parameter."""
        return self.module.get_parameter(self.leaf)

    def side(self, axis: Axis) -> Side:
        """Return its only side: the last dimension that is not 1, as in Torch-Pruning's graph."""
        sizes = self.parameter.shape
        return Side("", {self.leaf: max((i for i, n in enumerate(sizes) if n > 1), default=0)})

    def channels(self, axis: Axis) -> int:
        """Return the size of that dimension."""
        return self.parameter.shape[self.side(axis).tensors[self.leaf]]

    def narrow(self, axis: Axis, kept: Sequence[int]) -> None:
        """Keep only the given channels."""
        keep(self.module, self.leaf, self.side(axis).tensors[self.leaf], kept)
