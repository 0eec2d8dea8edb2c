"""Where a network's activations are read: the node of its graph that follows each layer.

`torch.fx` records the operations of one forward pass; from each layer the record is followed to
the first non-linearity. Which operations may lie between is written down in `Kind`.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import cast

from torch import fx, nn

from tatl_search.nets.groups import Group, Indices
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import AnyLayer, layer_of, layers_of
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.layers.norm import Norm
from tatl_search.nets.skeleton import skeleton

MULTIPLICATIONS = ("mul", "imul")


class Kind(Enum):
    """What an operation means to the channels that pass it."""

    ACTIVATION = auto()
    GATE = auto()
    NORM = auto()
    SCALE = auto()
    ADD = auto()
    PASS = auto()
    STOP = auto()


_BY_NAME = {
    **dict.fromkeys(
        (
            *("relu", "relu6", "leakyrelu", "prelu", "elu", "selu", "celu", "gelu", "silu"),
            *("swish", "mish", "hardswish", "hardtanh", "tanh", "softplus"),
        ),
        Kind.ACTIVATION,
    ),
    **dict.fromkeys(("sigmoid", "hardsigmoid"), Kind.GATE),
    **dict.fromkeys(("layerscale", "layerscale2d"), Kind.SCALE),
    **dict.fromkeys(("add", "iadd"), Kind.ADD),
    **dict.fromkeys(
        (
            *("identity", "dropout", "dropout2d", "droppath", "stochasticdepth"),
            *("permute", "contiguous"),
        ),
        Kind.PASS,
    ),
}


@dataclass(frozen=True)
class Tap:
    """One place where a group's activations are read.

    Attributes:
        node: name of the node of the graph whose value is read.
        dim: the value's dimension that runs over channels.
        indices: (width,) tuples: the value's channels that belong to each unit of the group.
    """

    node: str
    dim: int
    indices: Indices


@dataclass(frozen=True)
class Taps:
    """Where all groups of a network are read.

    Attributes:
        graph: the operations of a forward pass.
        by_group: group name -> its taps, at least one.
    """

    graph: fx.Graph
    by_group: Mapping[str, tuple[Tap, ...]]


def find_taps(module: nn.Module, groups: Sequence[Group]) -> Taps:
    """Find where to read the activations of each group.

    A layer is read after the non-linearity that follows it, a residual addition in between or
    not. Where none follows before the next layer, pooling or concatenation (linear
    bottlenecks), its normalised output is read. Where it is not normalised either
    (pre-activation networks such as DenseNet), its consumers are read after their normalisation
    and non-linearity; failing all, its bare output. Layers that only gate other channels
    (squeeze and excitation) have no activation of their own. Layers that share a place count
    once.

    Args:
        module: the network; it is not touched.
        groups: its groups.

    Raises:
        ValueError: the network's control flow cannot be traced.
    """
    finder = _Finder(skeleton(module))
    return Taps(finder.graph, {group.name: finder.taps(group) for group in groups})


def trace(module: nn.Module) -> fx.Graph:
    """Return the operations of a forward pass; layers and modules without parts are one each.

    Raises:
        ValueError: the network's control flow cannot be traced.
    """
    return _Tracer().trace(module)


class _Tracer(fx.Tracer):
    """Records every layer, normalisation and module without parts as one operation."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        whole = layer_of(m) is not None or not any(m.children())
        return whole or super().is_leaf_module(m, module_qualified_name)


@dataclass(frozen=True)
class _Place:
    node: fx.Node
    dim: int


class _Finder:
    """The graph of a network, and the walk from a layer to its activation."""

    def __init__(self, module: nn.Module) -> None:
        self.graph = trace(module)
        self._modules = dict(module.named_modules())
        self._layers = layers_of(module)
        self._calls: dict[str, list[fx.Node]] = {}
        for node in self.graph.nodes:
            if node.op == "call_module":
                self._calls.setdefault(str(node.target), []).append(node)

    def taps(self, group: Group) -> tuple[Tap, ...]:
        """Return the distinct places at which a group is read."""
        layers = list(self._starts(group, Filters))
        layers = [start for start in layers if not self._gates(start[0])] or layers
        norms = list(self._starts(group, Norm))
        read: list[tuple[_Place, Indices]] = []
        for place, indices in layers:
            after = self._after(place)
            if after is not None:
                read.append((after, indices))
            elif norms:
                read.extend((self._after(norm) or norm, channels) for norm, channels in norms)
            else:
                read.append((place, indices))
        return tuple(dict.fromkeys(Tap(at.node.name, at.dim, units) for at, units in read))

    def _starts(self, group: Group, kind: type[AnyLayer]) -> Iterator[tuple[_Place, Indices]]:
        """Yield the outputs of a group's own layers of some kind, with each unit's channels."""
        for member in group.members:
            layer = self._layers.get(member.module)
            if member.axis is Axis.IN or layer is None or not isinstance(layer, kind):
                continue
            for node in self._calls.get(member.module, []):
                yield _Place(node, layer.dim), member.indices

    def _gates(self, place: _Place) -> bool:
        return any(self._kind(user) is Kind.GATE for user in place.node.users)

    def _after(self, start: _Place) -> _Place | None:
        """Return the nearest non-linearity, else the last normalised value before an addition."""
        normalised = start if self._kind(start.node) is Kind.NORM else None
        queue = deque([(start, True)])
        while queue:
            place, unmixed = queue.popleft()
            for user in place.node.users:
                kind = self._kind(user)
                if kind is Kind.ACTIVATION:
                    return _Place(user, place.dim)
                if kind in (Kind.GATE, Kind.STOP):
                    continue
                here = _Place(user, self._moved(user, place.dim))
                if unmixed and kind in (Kind.NORM, Kind.SCALE):
                    normalised = here
                queue.append((here, unmixed and kind is not Kind.ADD))
        return normalised

    def _kind(self, node: fx.Node) -> Kind:
        layer = self._layers.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(layer, Norm):
            return Kind.ACTIVATION if layer.activates else Kind.NORM
        name = self._operation(node)
        if name in MULTIPLICATIONS:
            scaled = any(factor.op == "get_attr" for factor in node.all_input_nodes)
            return Kind.SCALE if scaled else Kind.STOP
        kind = _BY_NAME.get(name, Kind.STOP)
        if kind is Kind.GATE:
            multiplied = any(self._operation(user) in MULTIPLICATIONS for user in node.users)
            return Kind.GATE if multiplied else Kind.ACTIVATION
        return kind

    def _operation(self, node: fx.Node) -> str:
        """Return the plain name of an operation, however it is written: `relu`, `leakyrelu`."""
        if node.op == "call_module":
            name = type(self._modules[str(node.target)]).__name__
        else:
            name = getattr(node.target, "__name__", str(node.target))
        return name.lower().replace("_", "")

    def _moved(self, node: fx.Node, dim: int) -> int:
        """Return where the channels are after an operation; -1 wherever they come last."""
        if self._operation(node) != "permute":
            return dim
        order = self._order(node)
        moved = order.index(dim % len(order))
        return -1 if moved == len(order) - 1 else moved

    def _order(self, permute: fx.Node) -> list[int]:
        """Return the order of dimensions, as a module, a function or a method is given it."""
        if permute.op == "call_module":
            return list(cast(Sequence[int], self._modules[str(permute.target)].dims))
        given = permute.kwargs.get("dims") or permute.args[1:]
        flat: list[int] = []
        fx.node.map_aggregate(given, lambda size: flat.append(cast(int, size)))
        return flat
