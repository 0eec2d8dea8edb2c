"""What a network that is picked must keep to, and what fails when none does."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tatl_search.deploy.request import PickRequest
from tatl_search.deploy.wording import in_millions
from tatl_search.records import CandidateRecord
from tatl_search.results.latency import Latencies

# Accuracies are quotients: 0.96 - 0.02 must count as 0.94 although floats differ in the last bit.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Bound:
    """One bound, turned so that a candidate meets it when it falls short by nothing.

    Attributes:
        text: the bound in words, as in `accuracy at least 0.9400`.
        shortfall: by how much a candidate fails; 0 or negative when it meets the bound.
        value: the words for a candidate's own figure.
        missing: the words for an amount by which a candidate fails.
    """

    text: str
    shortfall: Callable[[CandidateRecord], float]
    value: Callable[[CandidateRecord], str]
    missing: Callable[[float], str]

    def met_by(self, record: CandidateRecord) -> bool:
        """Return whether a candidate meets this bound."""
        return self.shortfall(record) <= TOLERANCE

    def closest(self, pool: Sequence[CandidateRecord]) -> str:
        """Return in words which of a pool comes closest, and by how much it fails."""
        record = min(pool, key=self.shortfall)
        lacks = self.shortfall(record)
        if math.isinf(lacks):
            return "unknown: none of them was measured"
        return f"{self.value(record)} ({record.label}); {self.missing(lacks)}"


def bounds_of(
    request: PickRequest, unpruned: CandidateRecord, latencies: Latencies | None
) -> tuple[Bound, ...]:
    """Return the bounds of a request; of two floors on the accuracy only the higher one counts.

    Args:
        request: what is asked for.
        unpruned: the network that a drop is measured from.
        latencies: what a bound on latency is about; a network that is not among them misses it.
    """
    floors = []
    if request.min_accuracy is not None:
        floors.append((request.min_accuracy, ""))
    if request.max_drop is not None:
        origin = f" (the unpruned network's {unpruned.accuracy:.4f} less {request.max_drop:g})"
        floors.append((unpruned.accuracy - request.max_drop, origin))
    bounds = [_accuracy_floor(*max(floors))] if floors else []
    counted = (
        ("MACs", request.max_macs, lambda record: record.macs),
        ("parameters", request.max_parameters, lambda record: record.parameters),
        ("bytes", request.max_size_bytes, lambda record: record.size_bytes),
    )
    bounds += [_ceiling(unit, limit, cost) for unit, limit, cost in counted if limit is not None]
    if request.max_latency_ms is not None and latencies is not None:
        bounds.append(_latency_ceiling(request.max_latency_ms, latencies))
    return tuple(bounds)


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


def _accuracy_floor(limit: float, origin: str) -> Bound:
    return Bound(
        text=f"accuracy at least {limit:.4f}{origin}",
        shortfall=lambda record: limit - record.accuracy,
        value=lambda record: f"{record.accuracy:.4f}",
        missing=lambda amount: f"short by {amount:.4f}",
    )


def _ceiling(unit: str, limit: int, cost: Callable[[CandidateRecord], int]) -> Bound:
    return Bound(
        text=f"at most {in_millions(limit)} {unit}",
        shortfall=lambda record: cost(record) - limit,
        value=lambda record: in_millions(cost(record)),
        missing=lambda amount: f"{in_millions(amount)} too many",
    )


def _latency_ceiling(limit: float, latencies: Latencies) -> Bound:
    def milliseconds(record: CandidateRecord) -> float:
        known = latencies.of(record)
        return math.inf if known is None else known

    return Bound(
        text=f"at most {limit:g} ms ({latencies.origin})",
        shortfall=lambda record: milliseconds(record) - limit,
        value=lambda record: f"{milliseconds(record):.3g} ms",
        missing=lambda amount: f"{amount:.3g} ms too many",
    )
