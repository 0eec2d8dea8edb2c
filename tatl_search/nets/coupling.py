"""What hangs together: a walk over Torch-Pruning's graph from the channels of a layer.

The library's own walk compares whole lists of channels, does not end where a mapping lets them
grow, and where a channel goes with several keeps the first. This one meets each pair once and stops
at what the graph cannot follow.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch_pruning._helpers import _HybridIndex

from tatl_search.nets.graph import Traced
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layer_at, layers_of
from tatl_search.nets.layers.layer import Axis

SideOf = tuple[str, Axis]
Pairs = dict[Any, None]
"""(channel, channel of the root), in the order in which they were met."""

MOST = 2**17
"""Channels in one place beyond which a mapping has lost its way; VGG's flattened maps have 2^15."""


@dataclass
class Coupled:
    """What goes with the channels of one layer, its root.

    Attributes:
        root: dotted name of the layer.
        width: how many channels it makes.
        channels: side of a layer or bare Parameter -> for each of the root's channels those of the
            side that go with it.
        is_output: whether the network's own output is among it.
        fault: why it cannot be removed; null where it can.
    """

    root: str
    width: int
    channels: dict[SideOf, list[list[int]]] = field(default_factory=dict)
    is_output: bool = False
    fault: str | None = None


def coupled_sets(traced: Traced) -> Iterator[Coupled]:
    """Yield what hangs together, once, in the order in which the network defines the roots."""
    names: dict[object, str] = {part: name for name, part in traced.copy.named_modules()}
    names |= {parameter: name for name, parameter in traced.copy.named_parameters()}
    seen: set[str] = set()
    for root, layer in layers_of(traced.copy).items():
        is_reached = layer.module in traced.graph.module2node
        if root not in seen and isinstance(layer, Filters) and is_reached:
            coupled = _Walk(traced, names, root).coupled
            seen.update(name for name, axis in coupled.channels if axis is Axis.OUT)
            yield coupled


class _Walk:
    """One walk, from all channels that a layer makes."""

    def __init__(self, traced: Traced, names: Mapping[object, str], root: str) -> None:
        self._traced, self._names = traced, names
        module = traced.copy.get_submodule(root)
        self.coupled = Coupled(root, traced.graph.get_out_channels(module))
        self._met: dict[tuple[Any, Any], Pairs] = {}
        self._run(traced.graph.module2node[module])
        for (node, handler), pairs in self._met.items():
            self._note(node, handler, pairs)

    def _run(self, root: Any) -> None:
        """Go from channel to channel until nothing new is met, or what cannot be followed.

        What shares channels with the part that was seen is then at fault as well, so that the rest
        need not be seen.
        """
        pairs = [_HybridIndex(channel, channel) for channel in range(self.coupled.width)]
        stack = [(root, self._pruner(root).prune_out_channels, pairs)]
        self._met[stack[0][:2]] = dict.fromkeys(pairs)
        while stack and self.coupled.fault is None:
            node, handler, pairs = stack.pop()
            if node.grad_fn in self._traced.rearranged:
                self.coupled.fault = "its channels are rearranged, as attention and shuffling do"
                return
            for dep in node.dependencies:
                fresh = self._fresh(dep, pairs) if dep.is_triggered_by(handler) else []
                if fresh:
                    stack.append((dep.target, dep.handler, fresh))

    def _fresh(self, dep: Any, pairs: list[Any]) -> list[Any]:
        """Return what a dependency makes of some pairs, without those that were met there."""
        for mapping in dep.index_mapping:
            pairs = mapping(pairs) if mapping is not None else pairs
        if not pairs:
            return []
        known = self._met.setdefault((dep.target, dep.handler), {})
        if self._outgrows(dep.target, dep.handler, pairs):
            return []
        fresh = list(dict.fromkeys(pair for pair in pairs if pair not in known))
        known.update(dict.fromkeys(fresh))
        return fresh

    def _outgrows(self, node: Any, handler: Any, pairs: list[Any]) -> bool:
        """Say, and remember, whether there are not as many channels as would be lost."""
        name, width = self._name(node), MOST
        try:
            if name is not None:
                width = layer_at(self._traced.copy, name).channels(self._axis(node, handler))
        except ValueError as error:
            self.coupled.fault = str(error)
            return True
        if len(pairs) < MOST and max(pair.idx for pair in pairs) < width:
            return False
        self.coupled.fault = f"'{name or node.name}' is given them in an order that is not known"
        return True

    def _note(self, node: Any, handler: Any, pairs: Pairs) -> None:
        """Write down what was met on one side of a layer."""
        axis = self._axis(node, handler)
        if axis is Axis.OUT and not node.outputs:
            self.coupled.is_output = True
        name = self._name(node)
        if name is None:
            return
        channels: list[list[int]] = [[] for _ in range(self.coupled.width)]
        for channel, root in pairs:
            channels[root].append(channel)
        self.coupled.channels[name, axis] = channels

    def _name(self, node: Any) -> str | None:
        """Return the name of a layer or Parameter; null for what has no channels of its own."""
        has_channels = self._traced.graph.get_out_channels(node) is not None
        return self._names.get(node.module) if has_channels else None

    def _axis(self, node: Any, handler: Any) -> Axis:
        return Axis.OUT if handler == self._pruner(node).prune_out_channels else Axis.IN

    def _pruner(self, node: Any) -> Any:
        return self._traced.graph.get_pruner_of_module(node.module)
