"""What a user asks of the network to pick, and what fails when nothing satisfies it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tatl_search.deploy.wording import in_millions
from tatl_search.errors import InputError
from tatl_search.records import CandidateRecord

# Accuracies are quotients: 0.96 - 0.02 must count as 0.94 although floats differ in the last bit.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class PickRequest:
    """Bounds on the network to pick; without any, the knee of the front is picked.

    Attributes:
        min_accuracy: validation accuracy it must reach, a share.
        max_macs: multiply-accumulates of one image it may cost.
        max_parameters: parameters it may have.
        max_drop: how far its validation accuracy may lie below the unpruned network's
            (0.02 = two points).

    Raises:
        InputError: a bound is out of its range.
    """

    min_accuracy: float | None = None
    max_macs: int | None = None
    max_parameters: int | None = None
    max_drop: float | None = None

    def __post_init__(self) -> None:
        for name in ("min_accuracy", "max_drop"):
            share = getattr(self, name)
            if share is not None and not 0.0 <= share <= 1.0:
                raise InputError(f"{name} is a share between 0 and 1 (0.02 = two points): {share}")
        for name in ("max_macs", "max_parameters"):
            count = getattr(self, name)
            if count is not None and not count >= 1:
                raise InputError(f"{name} must be at least 1: {count}")

    @property
    def bounds_cost(self) -> bool:
        """Whether a cost is bounded."""
        return self.max_macs is not None or self.max_parameters is not None


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
        return f"{self.value(record)} ({record.label}); {self.missing(self.shortfall(record))}"


def bounds_of(request: PickRequest, unpruned: CandidateRecord) -> tuple[Bound, ...]:
    """Return the bounds of a request; of two floors on the accuracy only the higher one counts."""
    floors = []
    if request.min_accuracy is not None:
        floors.append((request.min_accuracy, ""))
    if request.max_drop is not None:
        origin = f" (the unpruned network's {unpruned.accuracy:.4f} less {request.max_drop:g})"
        floors.append((unpruned.accuracy - request.max_drop, origin))
    bounds = [_accuracy_floor(*max(floors))] if floors else []
    if request.max_macs is not None:
        bounds.append(_ceiling("MACs", request.max_macs, lambda record: record.macs))
    if request.max_parameters is not None:
        bounds.append(
            _ceiling("parameters", request.max_parameters, lambda record: record.parameters)
        )
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
