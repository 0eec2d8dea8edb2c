"""What every kind of layer says of itself; each kind is a subclass in a file of its own.

A `Layer` is a view of a module: it holds nothing but the module, and is made whenever it is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor, nn

from tatl_search.nets.layers.tensors import keep, reshape

M = TypeVar("M", bound=nn.Module)


class Axis(StrEnum):
    """Which side of a layer."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True)
class Side:
    """One side of a layer.

    Attributes:
        width: the attribute that says how many channels it has.
        tensors: Parameter or buffer -> its dimension that runs over them.
    """

    width: str
    tensors: Mapping[str, int]


class Layer(Generic[M]):
    """A layer seen as the channels it is given and makes.

    Attributes:
        out: the channels it makes.
        into: those it is given; null where they are the ones it makes, as in a normalisation.
        widths_stored: the attributes that follow from pruning and are stored, integers.
        divisor: the one of them that has to divide the others, if there is such a one.
        gates: the Parameters that scale each channel it makes when all of them are scaled alike.
    """

    out: ClassVar[Side]
    into: ClassVar[Side | None] = None
    widths_stored: ClassVar[tuple[str, ...]]
    divisor: ClassVar[str | None] = None
    gates: ClassVar[tuple[str, ...]] = ("weight", "bias")

    def __init__(self, module: M) -> None:
        """Look at a module."""
        self.module = module

    # What its channels are.

    def side(self, axis: Axis) -> Side:
        """Return one of the two sides, which may be the same."""
        return self.into if axis is Axis.IN and self.into else self.out

    def channels(self, axis: Axis) -> int:
        """Return how many channels a side has.

        Raises:
            ValueError: this layer cannot be narrowed.
        """
        return self._read(self.side(axis).width)

    def ties(self, axis: Axis) -> Sequence[int] | None:
        """Return for each channel which others it goes with: those of the same number.

        Null where each can go by itself.
        """
        return None

    @property
    def dim(self) -> int:
        """The dimension that runs over channels in what it is given and makes."""
        return 1

    @property
    def across(self) -> bool:
        """Whether what it makes of one channel depends on the others, by a mean over them."""
        return False

    # How it is narrowed.

    def narrow(self, axis: Axis, kept: Sequence[int]) -> None:
        """Keep only the given channels of a side, in their order."""
        side = self.side(axis)
        for name, dim in side.tensors.items():
            keep(self.module, name, dim, self._slices(axis, name, kept))
        self._write(side.width, len(kept))

    def widths(self) -> dict[str, int]:
        """Return the attributes that are stored."""
        return {name: self._read(name) for name in self.widths_stored}

    def set_widths(self, widths: Mapping[str, int]) -> None:
        """Set these attributes; tensors that become smaller are filled with zeros."""
        for name, width in widths.items():
            self._write(name, width)
        for name, shape in self._shapes().items():
            reshape(self.module, name, shape)

    def _read(self, width: str) -> int:
        value: int = getattr(self.module, width)
        return value

    def _write(self, width: str, value: int) -> None:
        setattr(self.module, width, value)

    def _slices(self, axis: Axis, tensor: str, channels: Sequence[int]) -> Sequence[int]:
        """Return where a tensor holds the given channels of a side."""
        return channels

    def _shapes(self) -> dict[str, list[int]]:
        """Return the shapes that its tensors should have at its present widths."""
        shapes: dict[str, list[int]] = {}
        for axis in Axis:
            channels = range(self._read(self.side(axis).width))
            for name, dim in self.side(axis).tensors.items():
                tensor: Tensor | None = getattr(self.module, name)
                if tensor is not None:
                    shape = shapes.setdefault(name, list(tensor.shape))
                    shape[dim] = len(self._slices(axis, name, channels))
        return shapes

    # What it costs.

    def weights_per_pair(self) -> int:
        """Return the weights for each pair of a channel it reads and one it makes."""
        return 0

    def parameters_per_channel(self) -> float:
        """Return the parameters of each channel it makes, besides those weights."""
        sizes = [tensor.numel() for tensor, _ in self.by_channel() if is_parameter(tensor)]
        return sum(sizes) / self.channels(Axis.OUT)

    # What is known of each channel.

    def by_channel(self) -> Iterable[tuple[Tensor, int]]:
        """Yield the tensors that hold something of each channel it makes, with its dimension."""
        for name, dim in self.side(Axis.OUT).tensors.items():
            tensor = getattr(self.module, name)
            if tensor is not None:
                yield tensor, dim

    def gate(self) -> dict[str, tuple[Tensor, int]]:
        """Return those of its `gates` that are there, each with its dimension of channels."""
        dims = self.side(Axis.OUT).tensors
        found = {name: getattr(self.module, name) for name in self.gates}
        return {name: (value, dims[name]) for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class LayerKind:
    """A kind of layer, to be found by the modules it is for.

    Attributes:
        name: what it is called in the registry.
        modules: the classes of its modules, subclasses included.
        view: the `Layer` that makes of such a module what the rest of `nets` asks for.
    """

    name: str
    modules: tuple[type[nn.Module], ...]
    view: type[Layer[Any]]


def is_parameter(tensor: Tensor) -> bool:
    """Say whether a tensor is a Parameter and no buffer."""
    return isinstance(tensor, nn.Parameter)
