"""What a sweep looks for: the one definition of its front, knee, areas and hypervolume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tatl_search.core.pareto import (
    Bools,
    Floats,
    area_under_front,
    hypervolume,
    knee,
    log_area_under_front,
    non_dominated,
)
from tatl_search.figures import ACCURACY, MACS, Figure, Figures


@dataclass(frozen=True)
class Goals:
    """The objectives of a sweep, and what its fronts are worth by them.

    Two of the objectives draw pictures, order tables and make knee and areas: `quality` and
    `cost`. A network of which an objective is not known is on no front and adds to no area.

    Attributes:
        objectives: at least one quality and one cost.
        reference: cost -> that of the unpruned network, of which shares are taken; the reference
            point of the hypervolume, together with a quality of 0. What is missing is not known.
    """

    objectives: tuple[Figure, ...]
    reference: Mapping[Figure, float]

    @property
    def qualities(self) -> tuple[Figure, ...]:
        """The objectives that are to be large."""
        return tuple(figure for figure in self.objectives if figure.higher_is_better)

    @property
    def costs(self) -> tuple[Figure, ...]:
        """The objectives that are to be small."""
        return tuple(figure for figure in self.objectives if not figure.higher_is_better)

    @property
    def quality(self) -> Figure:
        """The quality of knee and areas: accuracy if it counts."""
        return ACCURACY if ACCURACY in self.qualities else self.qualities[0]

    @property
    def cost(self) -> Figure:
        """The cost of knee and areas: MACs if they count."""
        return MACS if MACS in self.costs else self.costs[0]

    def minimised(self, rows: Sequence[Figures]) -> Floats:
        """Return (N, D) the objectives, qualities first, all to be minimised; NaN for unknown."""
        qualities = [-_column(figure, rows) for figure in self.qualities]
        return np.column_stack([*qualities, *(_column(figure, rows) for figure in self.costs)])

    def normalised(self, rows: Sequence[Figures]) -> Floats:
        """Return the same with costs as shares of the unpruned network's."""
        whole = [self.reference.get(cost, np.nan) for cost in self.costs]
        scale: Floats = np.array([*(1.0 for _ in self.qualities), *whole])
        return self.minimised(rows) / scale

    @property
    def corner(self) -> Floats:
        """Return (D,) the reference point of the hypervolume, normalised."""
        return np.array([*(0.0 for _ in self.qualities), *(1.0 for _ in self.costs)])

    def lacking(self, rows: Sequence[Figures]) -> int:
        """Return of how many networks an objective is not known."""
        return int(np.isnan(self.minimised(rows)).any(axis=1).sum())

    def on_front(self, rows: Sequence[Figures]) -> Bools:
        """Return (N,) whether no other network is better in one objective and worse in none."""
        return non_dominated(self.minimised(rows))

    def hypervolume(self, rows: Sequence[Figures]) -> float:
        """Return the volume that networks dominate, each axis normalised to 1."""
        return hypervolume(self.normalised(rows), self.corner)

    def log_area(self, rows: Sequence[Figures], judged: Floats | None = None) -> float:
        """Return the mean quality affordable over the logarithm of the cost, from a hundredth.

        Args:
            rows: networks.
            judged: (N,) the quality of each on other images, which counts of those that are chosen
                by `quality`; NaN for who was not judged and so is not chosen. Null for `quality`.
        """
        return log_area_under_front(self._counted(rows), self._share(rows), judged)

    def area(self, rows: Sequence[Figures], judged: Floats | None = None) -> float:
        """Return the same over the cost itself, from a tenth."""
        return area_under_front(self._counted(rows), self._share(rows), judged)

    def knee(self, rows: Sequence[Figures]) -> int | None:
        """Return the place of the knee in `quality` against `cost`; null where none is known."""
        cost, quality = _column(self.cost, rows), self._quality(rows)
        known = np.flatnonzero(~(np.isnan(quality) | np.isnan(cost)))
        return int(known[knee(quality[known], cost[known])]) if known.size else None

    def _quality(self, rows: Sequence[Figures]) -> Floats:
        return _column(self.quality, rows)

    def _counted(self, rows: Sequence[Figures]) -> Floats:
        """Return (N,) the quality of networks of which all objectives are known, NaN for others."""
        lacking = np.isnan(self.minimised(rows)).any(axis=1)
        return np.where(lacking, np.nan, self._quality(rows))

    def _share(self, rows: Sequence[Figures]) -> Floats:
        whole = self.reference.get(self.cost, np.nan)
        shares: Floats = _column(self.cost, rows) / whole
        return shares


def _column(figure: Figure, rows: Sequence[Figures]) -> Floats:
    """Return (N,) a figure of all rows; NaN, which NumPy makes of None, where it is not known."""
    return np.array([getattr(row, figure.key) for row in rows], dtype=np.float64)
