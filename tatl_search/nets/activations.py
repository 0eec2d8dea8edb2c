"""Activation statistics of the target task: how strongly each unit of each group responds."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, fx, nn

from tatl_search.nets.groups import Group
from tatl_search.nets.skeleton import eval_mode
from tatl_search.nets.taps import Taps, find_taps
from tatl_search.nets.units import unit_means

Floats = npt.NDArray[np.float64]


def mean_activations(
    module: nn.Module, groups: Sequence[Group], batches: Iterable[tuple[Tensor, Tensor]]
) -> dict[str, Floats]:
    """Return the mean absolute activation of each unit over images and positions.

    Read where `taps.find_taps` says, in eval mode. Where a group is read at several places,
    each is normalised to sum 1 over the units and the mean is taken; a unit of several channels
    counts as their mean. Sums and counts are kept in float64 and divided once, so that a short
    last batch weighs as little as it should.

    Args:
        module: the network; weights, modes and `requires_grad` stay as they are.
        groups: what `find_groups` says of it.
        batches: images (B, 3, H, W) on the network's device, with labels that are not looked at.

    Returns:
        Group name -> (width,) statistics, non-negative unless activations are not finite.

    Raises:
        ValueError: there are no images, or the network's control flow cannot be traced.
    """
    taps = find_taps(module, groups)
    reader = _Reader(module, taps)
    with eval_mode(module), torch.no_grad():
        for images, _ in batches:
            reader.run(images)
    means = reader.means()
    return {
        name: _combined([unit_means(means[tap.node], tap.indices) for tap in of_group])
        for name, of_group in taps.by_group.items()
    }


class _Reader(fx.Interpreter):
    """Runs a network operation by operation and adds up what passes its taps; keeps only sums."""

    def __init__(self, module: nn.Module, taps: Taps) -> None:
        super().__init__(module, graph=taps.graph)
        self._dims = {tap.node: tap.dim for tap in chain.from_iterable(taps.by_group.values())}
        self._sums: dict[str, Tensor] = {}
        self._counts = dict.fromkeys(self._dims, 0)

    def run_node(self, n: fx.Node) -> Any:
        """Run one operation; read its value at once, before a later one works in place."""
        value = super().run_node(n)
        if n.name in self._dims:
            self._read(n.name, value)
        return value

    def _read(self, node: str, value: Tensor) -> None:
        channel = self._dims[node] % value.dim()
        others = [dim for dim in range(value.dim()) if dim != channel]
        # On channels-last values torch's vector_norm takes ten times as long.
        total = value.abs().sum(others).double()
        if node in self._sums:
            self._sums[node] += total
        else:
            self._sums[node] = total
        self._counts[node] += value.numel() // value.shape[channel]

    def means(self) -> Mapping[str, Floats]:
        """Return node -> (channels,) mean absolute values."""
        if not self._sums:
            raise ValueError("activation statistics need at least one image")
        return {
            node: total.cpu().numpy() / self._counts[node] for node, total in self._sums.items()
        }


def _combined(places: Sequence[Floats]) -> Floats:
    """Return the mean over places, each normalised to sum 1; a dead place counts as zeros."""
    if len(places) == 1:
        return places[0]
    totals = [float(values.sum()) for values in places]
    shares = [v if total == 0 else v / total for v, total in zip(places, totals, strict=True)]
    mean: Floats = np.mean(shares, axis=0)
    return mean
