"""Who reads the channels of a group: the layers whose inputs they are, and what each is given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, fx, nn

from tatl_search.nets.groups import Group, Indices
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layer_at
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.skeleton import skeleton
from tatl_search.nets.taps import Tap, trace


@dataclass(frozen=True)
class Reader:
    """One layer that reads a group.

    Attributes:
        module: dotted name of the layer.
        indices: (width,) tuples: the layer's input channels that belong to each unit.
        taps: what the layer is given, call by call.
    """

    module: str
    indices: Indices
    taps: tuple[Tap, ...]

    @property
    def channels(self) -> npt.NDArray[np.int64]:
        """(P, width) input channels: row p holds the p-th channel of every unit.

        P is 1 unless a unit reaches the layer as several channels, such as the positions of a
        flattened map. A unit that has fewer of them than others repeats its own.
        """
        most = max(map(len, self.indices))
        rows = [[unit[p % len(unit)] for unit in self.indices] for p in range(most)]
        return np.array(rows, dtype=np.int64)


@dataclass(frozen=True)
class Readers:
    """Who reads the groups of a network.

    Attributes:
        graph: the operations of a forward pass.
        by_group: group name -> the layers that read it.
    """

    graph: fx.Graph
    by_group: Mapping[str, tuple[Reader, ...]]


def find_readers(module: nn.Module, groups: Sequence[Group]) -> Readers:
    """Find the convolutions and linear layers that read each group.

    What they are given is the group's activation as it counts: after the non-linearity, the
    pooling, the gate or, in pre-activation networks, the normalisation in between.

    Args:
        module: the network; it is not touched.
        groups: some or all of its groups.

    Raises:
        ValueError: the network's control flow cannot be traced.
    """
    graph = trace(skeleton(module))
    calls: dict[str, list[fx.Node]] = {}
    for node in graph.nodes:
        if node.op == "call_module":
            calls.setdefault(str(node.target), []).append(node)
    return Readers(graph, {g.name: tuple(_readers(module, g, calls)) for g in groups})


def _readers(
    module: nn.Module, group: Group, calls: Mapping[str, Sequence[fx.Node]]
) -> Iterator[Reader]:
    for member in group.members:
        layer = layer_at(module, member.module)
        if member.axis is Axis.OUT or not isinstance(layer, Filters) or not all(member.indices):
            continue
        given = dict.fromkeys(
            Tap(node.all_input_nodes[0].name, layer.dim, member.indices)
            for node in calls.get(member.module, ())
        )
        if given:
            yield Reader(member.module, member.indices, tuple(given))


def is_dense(module: nn.Module, reader: Reader) -> bool:
    """Say whether every output of a layer reads every one of its input channels."""
    layer = layer_at(module, reader.module)
    return isinstance(layer, Filters) and layer.blocks == 1


def unit_weights(module: nn.Module, reader: Reader) -> Tensor:
    """Return (P, rows, width) float64: the weights by which a dense reader reads each unit.

    There is a row for each output and position of the kernel; P is as in `Reader.channels`.
    """
    layer = layer_at(module, reader.module)
    assert isinstance(layer, Filters)
    rows = layer.reading().detach().double().flatten(1)  # (inputs, outputs x kernel positions)
    channels = torch.from_numpy(reader.channels).to(rows.device)
    return rows[channels].transpose(1, 2)


def reading_gram(module: nn.Module, readers: Sequence[Reader]) -> npt.NDArray[np.float64]:
    """Return (width, width) Z^T Z with the dense readers' weights stacked as rows of Z.

    The positions of a kernel count as independent, and so do those of a flattened map.
    """
    width = len(readers[0].indices)
    gram = np.zeros((width, width))
    for reader in readers:
        if is_dense(module, reader):
            stacked = unit_weights(module, reader).flatten(0, 1)
            gram += (stacked.T @ stacked).cpu().numpy()
    return gram
