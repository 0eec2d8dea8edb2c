"""What one round may and must remove: a rate, and floors below which no group falls."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tatl_search.config import Resource
from tatl_search.core.costs import CostModel

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Floors:
    """How narrow a group may become.

    Attributes:
        min_filters: units every group keeps at least.
        min_keep: share of its original width every group keeps at least.
        round_to: widths after a removal are multiples of this.
    """

    min_filters: int = 1
    min_keep: float = 0.0
    round_to: int = 1

    def lowest(self, original_width: int) -> int:
        """Return the least width of a group that had `original_width` units before any round."""
        # 0.07 * 100 is 7.000000000000001 in floating point: that share is 7 units, not 8.
        return max(self.min_filters, math.ceil(self.min_keep * original_width - 1e-9))

    def removals(self, width: int, original_width: int, candidates: int) -> range:
        """Return the counts, ascending and above 0, that a group may lose in one round."""
        most = min(candidates, width - self.lowest(original_width))
        least = width % self.round_to or self.round_to
        return range(least, most + 1, self.round_to)


@dataclass(frozen=True)
class Budget:
    """What one round of a network of G groups is to remove.

    Attributes:
        cost: costs over the groups' widths, consumers' inputs included.
        widths: (G,) widths now.
        original_widths: (G,) widths before any round.
        rate: share to remove of what the network has left in `rate_of`.
        rate_of: MACs, parameters or filters.
        floors: how narrow a group may become.
    """

    cost: CostModel
    widths: Ints
    original_widths: Ints
    rate: float
    rate_of: Resource
    floors: Floors

    @cached_property
    def _target(self) -> float:
        # 1 - 0.9 is a little less than 0.1 in floating point: the last unit must not hang on that.
        total = self.cost.cost(self.rate_of, self.widths)
        return (1.0 - self.rate) * total * (1.0 + 1e-12)

    def reached(self, left: Ints) -> bool:
        """Say whether groups of these widths (G,) cost as little as the rate asks for."""
        return self.cost.cost(self.rate_of, left) <= self._target

    def allowed(self, group: int, candidates: int) -> range:
        """Return the counts, ascending and above 0, that a group may lose of its candidates."""
        return self.floors.removals(
            int(self.widths[group]), int(self.original_widths[group]), candidates
        )
