"""By what figures a network is chosen: those of the search, or of fresh seeds where there are any.

The figures of a front are those of its luckiest trainings. Where its settings were run again
(`confirm`, `budget.confirm`), the mean over the fresh seeds counts instead. What was not run again
is taken to have been as lucky as the rest of the front, on average.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tatl_search.core.goals import Goals
from tatl_search.core.sure import sure_front
from tatl_search.records import CandidateRecord
from tatl_search.results.confirmation import Confirmed, confirmed_front
from tatl_search.results.front import goals_of
from tatl_search.results.store import SweepResults


@dataclass(frozen=True)
class Decided:
    """The candidates of a sweep by the figures that decide.

    Attributes:
        goals: of the sweep.
        rows: the candidates; the quality of the goals is that which decides.
        seeds: stage -> fresh seeds its settings were run from, where there are any.
        luck: mean of how far qualities of the front lie above their means over fresh seeds.
        deviation: of a quality over fresh seeds, pooled over the front; 0 while it is not known.
    """

    goals: Goals
    rows: tuple[CandidateRecord, ...]
    seeds: Mapping[str, int]
    luck: float
    deviation: float

    def variance(self, row: CandidateRecord) -> float:
        """Return that of a network's quality over trainings from other seeds."""
        return self.deviation**2 / self.seeds.get(row.stage, 1)

    def sure(self, rows: Sequence[CandidateRecord]) -> list[CandidateRecord]:
        """Return the sure front of some of the rows, the cheapest first."""
        variances = [self.variance(row) for row in rows]
        return [rows[place] for place in sure_front(rows, self.goals, variances)]


def decided(results: SweepResults) -> Decided:
    """Return the candidates of a sweep by the figures that decide which one is chosen."""
    goals = goals_of(results)
    again = [one for one in confirmed_front(results) if one.again]
    if not again:
        return Decided(goals, results.candidates, {}, 0.0, 0.0)
    means = {one.single.stage: one.quality(goals.quality).mean for one in again}
    luck = statistics.fmean(goals.quality.of(one.single) - means[one.single.stage] for one in again)
    return Decided(
        goals=goals,
        rows=tuple(
            _with_quality(row, goals, means.get(row.stage, goals.quality.of(row) - max(luck, 0.0)))
            for row in results.candidates
        ),
        seeds={one.single.stage: len(one.again) for one in again},
        luck=luck,
        deviation=_pooled(again, goals),
    )


def _with_quality(row: CandidateRecord, goals: Goals, value: float) -> CandidateRecord:
    decides: dict[str, Any] = {goals.quality.key: max(value, 0.0)}
    return replace(row, **decides)


def _pooled(again: Sequence[Confirmed], goals: Goals) -> float:
    """Return the standard deviation over seeds, pooled; 0 below two seeds of any network."""
    several = [
        (spread.deviation, len(one.again) - 1)
        for one in again
        if (spread := one.quality(goals.quality)).deviation is not None
    ]
    freedom = sum(degrees for _, degrees in several)
    squares = sum(degrees * float(deviation or 0.0) ** 2 for deviation, degrees in several)
    return (squares / freedom) ** 0.5 if freedom else 0.0
