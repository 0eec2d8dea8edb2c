"""What a network that is picked must keep to, and what fails when none does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tatl_search.deploy.grounds import Grounds, amount, number
from tatl_search.deploy.request import PickRequest
from tatl_search.figures import LATENCY_MS, Figure, Unit
from tatl_search.records import CandidateRecord

# Accuracies are quotients: 0.96 - 0.02 must count as 0.94 although floats differ in the last bit.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Bound:
    """One bound on one figure.

    Attributes:
        figure: that is bounded.
        limit: the least of a quality, the greatest of a cost.
        grounds: where figures come from.
        origin: for people: where the limit comes from, or how the figure was measured.
    """

    figure: Figure
    limit: float
    grounds: Grounds
    origin: str = ""

    @property
    def text(self) -> str:
        """The bound in words, as in `accuracy at least 0.9400`."""
        if self.figure.higher_is_better:
            return f"{self.figure.name} at least {number(self.limit, self.figure)}{self.origin}"
        if self.figure.unit is Unit.MILLISECONDS:
            return f"at most {self.limit:g} ms{self.origin}"
        return f"at most {amount(self.limit, self.figure)}{self.origin}"

    def shortfall(self, record: CandidateRecord) -> float:
        """Return by how much a candidate fails; 0 or less when it meets the bound."""
        value = self.grounds.of(self.figure, record)
        if math.isnan(value):
            return math.inf
        return self.limit - value if self.figure.higher_is_better else value - self.limit

    def met_by(self, record: CandidateRecord) -> bool:
        """Return whether a candidate meets this bound."""
        return self.shortfall(record) <= TOLERANCE

    def closest(self, pool: Sequence[CandidateRecord]) -> str:
        """Return in words which of a pool comes closest, and by how much it fails."""
        record = min(pool, key=self.shortfall)
        lacks = self.shortfall(record)
        if math.isinf(lacks):
            return f"unknown: the {self.figure.name} of none of them is known"
        value = number(self.grounds.of(self.figure, record), self.figure)
        missing = number(lacks, self.figure)
        how = f"short by {missing}" if self.figure.higher_is_better else f"{missing} too many"
        return f"{value} ({record.label}); {how}"


def bounds_of(
    request: PickRequest, unpruned: CandidateRecord, grounds: Grounds
) -> tuple[Bound, ...]:
    """Return the bounds of a request; of two floors on one quality only the higher one counts.

    Args:
        request: what is asked for.
        unpruned: the network that a drop is measured from.
        grounds: where figures come from; a network that lacks a figure misses its bound.
    """
    bounds = {
        figure: Bound(figure, limit, grounds, _origin(figure, grounds))
        for figure, limit in request.bounds.items()
    }
    if request.max_drop is not None:
        quality = grounds.goals.quality
        whole = quality.of(unpruned)
        origin = f" (the unpruned network's {number(whole, quality)} less {request.max_drop:g})"
        floor = Bound(quality, whole - request.max_drop, grounds, origin)
        if quality not in bounds or bounds[quality].limit < floor.limit:
            bounds[quality] = floor
    return tuple(sorted(bounds.values(), key=lambda bound: not bound.figure.higher_is_better))


def _origin(figure: Figure, grounds: Grounds) -> str:
    if figure is LATENCY_MS and grounds.latencies is not None:
        return f" ({grounds.latencies.origin})"
    return ""


def nothing_satisfies(pool: Sequence[CandidateRecord], bounds: Sequence[Bound]) -> str:
    """Return why no candidate of a pool meets all bounds: what is closest, and what it lacks.

    Bounds that nobody meets are named first; where each is met by someone, every bound is shown
    against the candidates that meet all the others.
    """
    unmet = [bound for bound in bounds if not any(bound.met_by(record) for record in pool)]
    if unmet:
        return "\n".join(f"no candidate has {b.text}: closest is {b.closest(pool)}" for b in unmet)
    lines = ["no candidate meets all bounds at once, though each is met by some:"]
    for bound in bounds:
        others = [other for other in bounds if other is not bound]
        rest = [record for record in pool if all(other.met_by(record) for other in others)]
        names = " and ".join(other.text for other in others)
        found = f"closest is {bound.closest(rest)}" if rest else "there is nothing at all"
        lines.append(f"  {bound.text}: with {names} {found}")
    return "\n".join(lines)
