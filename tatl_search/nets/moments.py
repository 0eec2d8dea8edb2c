"""Second moments of units, where the layers that read them are given them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, fx, nn

from tatl_search.nets.readers import Readers
from tatl_search.nets.skeleton import eval_mode
from tatl_search.nets.taps import Tap

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Second moments of the units of groups.

    Attributes:
        by_tap: place -> (width, width) E[phi phi^T] over images, positions and the channels of
            a unit: unit i's p-th channel is paired with unit j's p-th.
        images: number of images they were taken over.
    """

    by_tap: Mapping[Tap, Floats]
    images: int


def second_moments(
    module: nn.Module, readers: Readers, batches: Iterable[tuple[Tensor, Tensor]]
) -> Moments:
    """Return the second moments of units at every place where a layer reads them.

    In eval mode, over all positions. No activation outlives its batch: each batch adds its
    products, taken in the network's precision, to sums in float64.

    Args:
        module: the network; weights, modes and `requires_grad` stay as they are.
        readers: who reads the groups that are asked for.
        batches: images (B, 3, H, W) on the network's device, with labels that are not looked at.

    Raises:
        ValueError: there are no images.
    """
    collector = _Collector(module, readers)
    images = 0
    with eval_mode(module), torch.no_grad():
        for batch, _ in batches:
            collector.run(batch)
            images += len(batch)
    if not images:
        raise ValueError("second moments need at least one image")
    return Moments(collector.means(), images)


class _Place:
    """The running sum of one tap."""

    def __init__(self, tap: Tap, channels: Tensor) -> None:
        self._dim = tap.dim
        self._channels = channels  # (P, width)
        self._sum: Tensor | None = None
        self._rows = 0

    def add(self, value: Tensor) -> None:
        rows = value.movedim(self._dim, -1)
        rows = rows.reshape(-1, rows.shape[-1])
        if not self._is_all_of(rows.shape[1]):
            rows = rows[:, self._channels.to(rows.device)].flatten(0, 1)
        product = (rows.T @ rows).double()
        self._sum = product if self._sum is None else self._sum + product
        self._rows += len(rows)

    def mean(self) -> Floats:
        assert self._sum is not None, "every place lies on the way of every image"
        mean: Floats = (self._sum / self._rows).cpu().numpy()
        return mean

    def _is_all_of(self, channels: int) -> bool:
        return torch.equal(self._channels, torch.arange(channels)[None])


class _Collector(fx.Interpreter):
    """Runs a network operation by operation and adds up the moments at its places."""

    def __init__(self, module: nn.Module, readers: Readers) -> None:
        super().__init__(module, graph=readers.graph)
        self._places: dict[Tap, _Place] = {}
        self._at: dict[str, list[_Place]] = {}
        for reader in chain.from_iterable(readers.by_group.values()):
            for tap in reader.taps:
                if tap not in self._places:
                    place = _Place(tap, torch.from_numpy(reader.channels))
                    self._places[tap] = place
                    self._at.setdefault(tap.node, []).append(place)

    def run_node(self, n: fx.Node) -> Any:
        """Run one operation; read its value at once, before a later one works in place."""
        value = super().run_node(n)
        for place in self._at.get(n.name, ()):
            place.add(value)
        return value

    def means(self) -> Mapping[Tap, Floats]:
        """Return place -> (width, width) means."""
        return {tap: place.mean() for tap, place in self._places.items()}
