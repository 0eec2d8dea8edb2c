"""Activation statistics of the target task: how strongly each unit of each group responds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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


Batches = Iterable[tuple[Tensor, Tensor]]
Reduction = Callable[[Tensor, list[int]], Tensor]


def mean_activations(
    module: nn.Module, groups: Sequence[Group], batches: Batches
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
    # On channels-last values torch's vector_norm takes ten times as long.
    places = _read(module, groups, batches, lambda value, dims: value.abs().sum(dims))
    return {name: _combined(of_group) for name, of_group in places.items()}


def positive_shares(
    module: nn.Module, groups: Sequence[Group], batches: Batches
) -> dict[str, Floats]:
    """Return the share of each unit's activations, over images and positions, that are above 0.

    Read like `mean_activations`; over several places and channels the plain mean is taken.
    """
    # Summing what a comparison gives takes more than twice as long.
    places = _read(module, groups, batches, lambda v, dims: v.sign().clamp_(min=0).sum(dims))
    return {name: np.mean(of_group, axis=0) for name, of_group in places.items()}


def _read(
    module: nn.Module, groups: Sequence[Group], batches: Batches, reduction: Reduction
) -> dict[str, list[Floats]]:
    """Return group name -> the units' means at each place where it is read."""
    taps = find_taps(module, groups)
    reader = _Reader(module, taps, reduction)
    with eval_mode(module), torch.no_grad():
        for images, _ in batches:
            reader.run(images)
    means = reader.means()
    return {
        name: [unit_means(means[tap.node], tap.indices) for tap in of_group]
        for name, of_group in taps.by_group.items()
    }


class _Reader(fx.Interpreter):
    """Runs a network operation by operation and adds up what passes its taps; keeps only sums."""

    def __init__(self, module: nn.Module, taps: Taps, reduction: Reduction) -> None:
        super().__init__(module, graph=taps.graph)
        self._reduction = reduction
        self._dims = {tap.node: tap.dim for tap in chain.from_iterable(taps.by_group.values())}
        self._sums: dict[str, Tensor] = {}
        self._counts = dict.fromkeys(self._dims, 0)

    def run_node(self, n: fx.Node) -> Any:
        """Run one operation; read its value at once, before a later one works in place."""
        value = super().run_node(n)
        if n.name in self._dims:
            self._add(n.name, value)
        return value

    def _add(self, node: str, value: Tensor) -> None:
        channel = self._dims[node] % value.dim()
        others = [dim for dim in range(value.dim()) if dim != channel]
        total = self._reduction(value, others).double()
        if node in self._sums:
            self._sums[node] += total
        else:
            self._sums[node] = total
        self._counts[node] += value.numel() // value.shape[channel]

    def means(self) -> Mapping[str, Floats]:
        """Return node -> (channels,) means of what was added up."""
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
