"""By what networks are told apart when one is picked."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tatl_search.core.goals import Goals
from tatl_search.core.sure import lead, sure_front
from tatl_search.deploy.wording import in_millions, percent_change, points
from tatl_search.figures import LATENCY_MS, Figure, Unit
from tatl_search.records import CandidateRecord
from tatl_search.results.latency import Latencies
from tatl_search.results.words import UNKNOWN, written


def _unknown(_: CandidateRecord) -> float:
    return 0.0


@dataclass(frozen=True)
class Grounds:
    """What figures count, and where they come from.

    Attributes:
        goals: the sweep's: their quality and cost make the front, its knee and the cheapest.
        latencies: latency as it was asked for; null takes the sweep's own estimates.
        variance: that of a network's quality over trainings from other seeds.
    """

    goals: Goals
    latencies: Latencies | None = None
    variance: Callable[[CandidateRecord], float] = field(default=_unknown, compare=False)

    def of(self, figure: Figure, row: CandidateRecord) -> float:
        """Return a network's figure; NaN where it is not known."""
        if figure is not LATENCY_MS or self.latencies is None:
            return figure.of(row)
        known = self.latencies.of(row)
        return math.nan if known is None else known

    def minimised(self, figure: Figure, row: CandidateRecord) -> float:
        """Return a network's figure turned so that less is better; NaN where it is not known."""
        value = self.of(figure, row)
        return -value if figure.higher_is_better else value

    def sure(self, pool: Sequence[CandidateRecord]) -> list[CandidateRecord]:
        """Return the networks that are surely better than all cheaper ones, the cheapest first."""
        rows = sorted(pool, key=self.cheapest_first)
        variances = [self.variance(row) for row in rows]
        return [rows[place] for place in sure_front(rows, self.goals, variances)]

    def lead(self, row: CandidateRecord, other: CandidateRecord) -> float:
        """Return by how much the quality of one must lie above the other's to be surely better."""
        return lead(row, other, self.goals.quality, self.variance(row) + self.variance(other))

    def cheapest_first(self, row: CandidateRecord) -> tuple[float, ...]:
        """Return by what candidates are sorted, the cheapest first; no two are equal."""
        trial = -1 if row.trial is None else row.trial
        cost, quality = self.goals.cost.of(row), self.goals.quality.of(row)
        return (cost, -quality, row.parameters, trial, row.round)

    def best_first(self, row: CandidateRecord) -> tuple[float, ...]:
        """Return by what candidates are sorted, the best by the quality first."""
        return (-self.goals.quality.of(row), *self.cheapest_first(row))


def number(value: float, figure: Figure) -> str:
    """Return a figure as sentences about a choice write it: `30.0 M`, `0.9400`, `5 ms`."""
    if math.isnan(value):
        return UNKNOWN
    match figure.unit:
        case Unit.SHARE | Unit.PLAIN:
            return f"{value:.4f}"
        case Unit.COUNT | Unit.BYTES:
            return in_millions(value)
        case Unit.MILLISECONDS:
            return f"{value:.3g} ms"


def amount(value: float, figure: Figure) -> str:
    """Return a figure with its name: `30.0 M MACs`, `2.40 MB`, `accuracy 0.9400`."""
    if figure.unit in (Unit.SHARE, Unit.PLAIN):
        return f"{figure.name} {number(value, figure)}"
    if figure.unit is Unit.COUNT:
        return f"{number(value, figure)} {figure.name}"
    return written(value, figure)


def change(new: float, old: float, figure: Figure) -> str:
    """Return how a figure changes: in points for a share, otherwise in percent."""
    return points(new - old) if figure.unit is Unit.SHARE else percent_change(new, old)
