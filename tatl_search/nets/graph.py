"""Torch-Pruning's dependency graph, read off a copy of a network without weights."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch_pruning
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch_pruning.ops import OPTYPE, module2type

from tatl_search.nets.layers.known import layer_of, layers_of
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.skeleton import blank_image

IMAGE_DIMENSIONS = 4
_SHUFFLES = frozenset({F.pixel_shuffle, F.pixel_unshuffle, torch.channel_shuffle})


@dataclass(frozen=True)
class Traced:
    """A network as it was traced.

    Attributes:
        copy: the network, without weights.
        graph: Torch-Pruning's graph of it; its modules are those of the copy.
        rearranged: the operations (as autograd names them) beyond which the graph does not know
            where a channel is.
    """

    copy: nn.Module
    graph: torch_pruning.DependencyGraph
    rearranged: frozenset[object]


def dependency_graph(copy: nn.Module, image_size: int) -> Traced:
    """Trace a copy of a network; kinds of layers that Torch-Pruning does not know are told it.

    Args:
        copy: of the network, on the meta device; it stays in eval mode.
        image_size: side in pixels of the square images it gets.
    """
    foreign: dict[type[nn.Module], Any] = {}
    for layer in layers_of(copy).values():
        if module2type(layer.module) is OPTYPE.ELEMENTWISE:
            foreign[type(layer.module)] = _Passing() if layer.into is None else _Reading()
    with torch.enable_grad(), _Rearrangements() as found:  # the graph is read off autograd's
        graph = _Graph(found.operations).build_dependency(
            copy, blank_image(copy, image_size), customized_pruners=foreign, verbose=False
        )
    return Traced(copy, graph, frozenset(found.operations))


class _Rearrangements(TorchFunctionMode):
    """Remembers what moves channels in ways of which Torch-Pruning's graph knows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[object] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and look at its result."""
        result = func(*args, **(kwargs or {}))
        results = [part for part in _parts(result) if isinstance(part, Tensor)]
        if any(map(_has_many, (*results, *args))) or _moves(func, args, kwargs or {}):
            self.operations.extend(part.grad_fn for part in results)
        return result


class _Graph(torch_pruning.DependencyGraph):  # type: ignore[misc]
    """A graph that does not try to follow channels through rearrangements: it may fail there."""

    def __init__(self, rearranged: Container[object]) -> None:
        super().__init__()
        self._rearranged = rearranged

    def _build_dependency(self, module2node: Mapping[object, Any]) -> None:
        for node in module2node.values():
            if node.grad_fn in self._rearranged:
                node.type = OPTYPE.ELEMENTWISE
        super()._build_dependency(module2node)


def _parts(result: Any) -> Sequence[Any]:
    return result if isinstance(result, tuple | list) else (result,)


def _has_many(value: Any) -> bool:
    """Say whether a value has more dimensions than images, channels and two of positions."""
    return isinstance(value, Tensor) and value.dim() > IMAGE_DIMENSIONS


def _moves(func: Any, args: Any, kwargs: Mapping[str, Any]) -> bool:
    """Say whether an operation joins along the last dimension or mixes channels and positions."""
    if func is torch.cat:
        dim: int = kwargs.get("dim", args[1] if len(args) > 1 else 0)
        dims: int = args[0][0].dim() if args else kwargs["tensors"][0].dim()
        return dims > 2 and dim % dims == dims - 1
    return func in _SHUFFLES


class _Reading(torch_pruning.BasePruningFunc):  # type: ignore[misc]
    """What Torch-Pruning asks of a layer that makes channels out of others."""

    def prune_out_channels(self, layer: nn.Module, idxs: object) -> nn.Module:
        """Stand for the output side; surgery is done elsewhere."""
        return layer

    def prune_in_channels(self, layer: nn.Module, idxs: object) -> nn.Module:
        """Stand for the input side."""
        return layer

    def get_out_channels(self, layer: nn.Module) -> int:
        """Return how many channels it makes."""
        return _channels(layer, Axis.OUT)

    def get_in_channels(self, layer: nn.Module) -> int:
        """Return how many channels it reads."""
        return _channels(layer, Axis.IN)


class _Passing(_Reading):
    """What it asks of a layer that does something to the channels it is given."""

    prune_in_channels = _Reading.prune_out_channels


def _channels(module: nn.Module, axis: Axis) -> int:
    layer = layer_of(module)
    assert layer is not None
    return layer.channels(axis)
