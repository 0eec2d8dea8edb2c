"""Layers that make channels out of those they read: convolutions and linear layers."""

from typing import ClassVar

from torch import Tensor, nn

from tatl_search.nets.layers.layer import Axis, Layer, M


class Filters(Layer[M]):
    """A layer with a weight for each pair of a channel it reads and one it makes.

    Attributes:
        is_convolution: whether what it makes counts as filters.
    """

    is_convolution: ClassVar[bool] = True

    @property
    def weight(self) -> Tensor:
        """The weights."""
        weight: Tensor = self.module.weight  # type: ignore[assignment]
        return weight

    @property
    def blocks(self) -> int:
        """How many parts it has that read other channels than each other."""
        return 1

    @property
    def is_depthwise(self) -> bool:
        """Whether each channel it makes reads one channel of its own."""
        return False

    def positions(self, given: Tensor, made: Tensor) -> int:
        """Return how often its weights are applied in one call."""
        return made.numel() // self.channels(Axis.OUT)

    def by_output(self) -> Tensor:
        """Return (channels, numbers) the weights that make each channel."""
        return self.weight.detach().movedim(self.side(Axis.OUT).tensors["weight"], 0).flatten(1)

    def reading(self) -> Tensor:
        """Return (channels, ...) the weights by which each channel of a block is read, a view."""
        return self.weight.movedim(self.side(Axis.IN).tensors["weight"], 0)

    def parameters_per_channel(self) -> float:
        """Return one for the bias, if there is one, and for whatever else there is of each."""
        others = self.side(Axis.OUT).tensors.keys() - {"weight"}
        found: list[Tensor | None] = [getattr(self.module, name) for name in others]
        return sum(t.numel() for t in found if t is not None) / self.channels(Axis.OUT)

    def plain(self) -> nn.Module | None:
        """Return a layer that computes the same by weights that do not hang on each other.

        Null where its own do not.
        """
        return None

    def join(self) -> None:
        """Make of its parts one that reads all channels, in a copy that only couplings are read of.

        What goes together is not changed by it but for the `ties`.
        """
