"""The recorded grid as something to search: trials cost a look-up, and images are still counted.

What a trial would have trained and evaluated is read from the grid of `benchmarks/grid.py`. Images
are counted as the product counts them: a stage is paid by the first trial that reaches it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.grid import NAMES, RESULTS, ROUNDS, Key, Row, key_of
from benchmarks.rows import read
from tatl_search.core.pareto import area_under_front, hypervolume

Floats = npt.NDArray[np.floating[Any]]
Rows = Sequence[Row]

GRID_SEEDS = (0, 1)
CLASSES = 10


@dataclass(frozen=True)
class Recorded:
    """The complete grid of one seed.

    Attributes:
        seed: of its adaptations and cuts of the data.
        trajectories: settings -> rows in the order of rounds, round 0 first.
    """

    seed: int
    trajectories: Mapping[Key, Rows]

    @property
    def macs(self) -> int:
        """MACs of the unpruned network."""
        return next(iter(self.trajectories.values()))[0].macs

    def trial(self, values: Mapping[str, Any]) -> Rows:
        """Return the rounds of the trial of these settings: a trajectory, cut where it stops."""
        return self.trajectories[key_of(values)][: int(values[ROUNDS]) + 1]

    @property
    def rows(self) -> list[Row]:
        """All networks of the grid."""
        return [row for rows in self.trajectories.values() for row in rows]


def recorded(seed: int) -> Recorded:
    """Read the grid of a seed."""
    found: dict[Key, list[Row]] = {}
    for row in read(RESULTS / f"grid-{seed}.parquet", Row):
        key = tuple(getattr(row, column) for column in NAMES.values())
        found.setdefault(key, []).append(row)
    return Recorded(seed, {key: sorted(rows, key=lambda r: r.round) for key, rows in found.items()})


@dataclass
class Seen:
    """What a search has paid for, and the networks that it has seen.

    Attributes:
        macs: of the unpruned network.
        images: trained so far.
    """

    macs: int
    images: int = 0
    _stages: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Count a trial's next network; one whose stage is known costs nothing."""
        if row.stage not in self._stages:
            self._stages[row.stage] = (row.accuracy, row.macs / self.macs)
            self.images += row.images_trained

    @property
    def area(self) -> float:
        """Mean accuracy that a share of the MACs from 0.1 to 1 buys."""
        accuracy, share = np.array(list(self._stages.values())).T
        return area_under_front(accuracy, share)

    @property
    def hypervolume(self) -> float:
        """Volume of accuracy above 0 and MACs shares below 1 that the networks dominate."""
        return volume(np.array(list(self._stages.values())))


def volume(networks: Floats) -> float:
    """Return the hypervolume of (N, 2) accuracies and MACs shares."""
    return hypervolume(networks * np.array([-1.0, 1.0]), np.array([0.0, 1.0]))


@dataclass(frozen=True)
class Point:
    """Where a search stands after a trial.

    Attributes:
        images: trained so far, by all trials.
        hypervolume: of all networks seen.
        area: under the front of all networks seen.
        new: whether the trial trained anything.
    """

    images: int
    hypervolume: float
    area: float
    new: bool


def standing(seen: Seen, images_before: int) -> Point:
    """Return where a search stands, given the images it had trained before its last trial."""
    return Point(seen.images, seen.hypervolume, seen.area, seen.images > images_before)


def all_seen(grid: Recorded) -> Seen:
    """Return what a search of everything sees: the best of the grid."""
    seen = Seen(grid.macs)
    for row in grid.rows:
        seen.add(row)
    return seen


def greedy(grid: Recorded) -> Iterator[Point]:
    """Yield where a search that knows the grid stands: each trial adds the most area.

    It picks whole trajectories. The best subset of a size is at least as good as the one found
    so, which is at least 63 % of it: area is submodular (Nemhauser, Wolsey, Fisher 1978).
    """
    left = {key: _values(grid, rows) for key, rows in grid.trajectories.items()}
    seen, front = Seen(grid.macs), np.empty((0, 2))
    while left:
        best = max(left, key=lambda key: area_under_front(*np.concatenate((front, left[key])).T))
        front = np.concatenate((front, left.pop(best)))
        before = seen.images
        for row in grid.trajectories[best]:
            seen.add(row)
        yield standing(seen, before)


def _values(grid: Recorded, rows: Rows) -> Floats:
    return np.array([(row.accuracy, row.macs / grid.macs) for row in rows])


def at_images(points: Sequence[Point], budget: int, figure: str) -> float:
    """Return the last value of a figure that a search had within a budget of images; else 0."""
    within = [float(getattr(point, figure)) for point in points if point.images <= budget]
    return within[-1] if within else 0.0


def spread(values: Sequence[float]) -> str:
    """Return mean and standard deviation, for a table."""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
