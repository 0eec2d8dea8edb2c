"""Pick one network from the front: pure arithmetic on records.

Hundreds of candidates are compared on one validation set, so the best of them is partly lucky.
Therefore near-ties go to the cheapest candidate within one standard error of the best (the
one-standard-error rule; Breiman et al. 1984, Classification and Regression Trees, section 3.4.3),
and every accuracy comes with its interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tatl_search.core.confidence import wilson_interval
from tatl_search.core.pareto import knee, non_dominated
from tatl_search.deploy.bounds import Bound, PickRequest, bounds_of, nothing_satisfies
from tatl_search.deploy.wording import in_millions, percent_change, points
from tatl_search.errors import InputError
from tatl_search.records import CandidateRecord, Kind

__all__ = ["Choice", "Neighbour", "PickRequest", "choose"]


@dataclass(frozen=True)
class Neighbour:
    """The next network on the front, and what it would give instead of the chosen one.

    Attributes:
        candidate: the neighbour.
        accuracy_change: its validation accuracy minus the chosen one's, as a share.
        macs_change: its MACs minus the chosen one's.
        text: the same for people.
    """

    candidate: CandidateRecord
    accuracy_change: float
    macs_change: int
    text: str


@dataclass(frozen=True)
class Choice:
    """The picked network and the grounds.

    Attributes:
        candidate: the picked network.
        why: for people: the rule that led to it.
        interval: 95 % interval (Wilson) of its validation accuracy.
        smaller: the next cheaper network on the front; null where there is none.
        larger: the next costlier one; null where there is none.
        notes: what to know before relying on the choice.
    """

    candidate: CandidateRecord
    why: str
    interval: tuple[float, float]
    smaller: Neighbour | None
    larger: Neighbour | None
    notes: tuple[str, ...]


def choose(
    candidates: Sequence[CandidateRecord], unpruned: CandidateRecord, request: PickRequest
) -> Choice:
    """Pick the candidate that answers a request; the cost axis is MACs.

    A bound on cost: the most accurate candidate within all bounds, near-ties going to the
    cheapest within one standard error. A bound on accuracy alone: the cheapest that meets it.
    No bound: the knee of the front, near-ties again going to the cheapest.

    Args:
        candidates: the networks to pick from; rows that share a stage are one network, rows
            without a finite accuracy do not count.
        unpruned: the fine-tuned network before pruning; `max_drop` is measured from it.
        request: the bounds.

    Raises:
        InputError: nothing satisfies the bounds; the message names for each failing bound the
            closest candidate and by how much it fails.
    """
    pool = _distinct(candidates)
    if not pool:
        raise InputError("there is nothing to pick from: no candidate has a valid accuracy")
    bounds = bounds_of(request, unpruned)
    feasible = [record for record in pool if all(bound.met_by(record) for bound in bounds)]
    if not feasible:
        raise InputError(nothing_satisfies(pool, bounds))
    front = _front(pool)
    if not bounds:
        picked, why = _within_one_error(pool, _knee(front), "the knee of the front")
    elif request.bounds_cost:
        best = min(feasible, key=_most_accurate_first)
        picked, why = _within_one_error(feasible, best, f"the most accurate {_within(bounds)}")
    else:
        picked = min(feasible, key=_cheapest_first)
        why = f"the cheapest of {len(feasible)} candidates {_within(bounds)}"
    return Choice(
        candidate=picked,
        why=why,
        interval=wilson_interval(picked.accuracy, picked.val_images),
        smaller=_neighbour(picked, [r for r in reversed(front) if r.macs < picked.macs]),
        larger=_neighbour(picked, [r for r in front if r.macs > picked.macs]),
        notes=_notes(picked, pool),
    )


def _cheapest_first(record: CandidateRecord) -> tuple[float, ...]:
    trial = -1 if record.trial is None else record.trial
    return (record.macs, -record.accuracy, record.parameters, trial, record.round)


def _most_accurate_first(record: CandidateRecord) -> tuple[float, ...]:
    return (-record.accuracy, *_cheapest_first(record))


def _distinct(candidates: Sequence[CandidateRecord]) -> list[CandidateRecord]:
    valid = [record for record in candidates if math.isfinite(record.accuracy)]
    first_of_stage: dict[str, CandidateRecord] = {}
    for record in sorted(valid, key=_cheapest_first):
        first_of_stage.setdefault(record.stage, record)
    return list(first_of_stage.values())


def _front(pool: Sequence[CandidateRecord]) -> list[CandidateRecord]:
    values = np.array([[-record.accuracy, record.macs] for record in pool], dtype=np.float64)
    return [record for record, kept in zip(pool, non_dominated(values), strict=True) if kept]


def _knee(front: Sequence[CandidateRecord]) -> CandidateRecord:
    accuracy = np.array([record.accuracy for record in front], dtype=np.float64)
    macs = np.array([record.macs for record in front], dtype=np.float64)
    return front[int(knee(accuracy, macs))]


def _within_one_error(
    pool: Sequence[CandidateRecord], best: CandidateRecord, role: str
) -> tuple[CandidateRecord, str]:
    # Wilson's: the plain standard error of an accuracy of 1 is 0, as if it were certain.
    error = best.accuracy - wilson_interval(best.accuracy, best.val_images, z=1.0)[0]
    near = [record for record in pool if record.accuracy >= best.accuracy - error]
    picked = min(near, key=_cheapest_first)
    if picked is best:
        return (
            best,
            f"{role}; no cheaper candidate is within one standard error ({error:.4f}) of it",
        )
    return picked, (
        f"{role} is {best.label} (accuracy {best.accuracy:.4f}); this is the cheapest of"
        f" {len(near)} candidates within one standard error ({error:.4f}) of it, at"
        f" {percent_change(picked.macs, best.macs)} MACs"
    )


def _within(bounds: Sequence[Bound]) -> str:
    return "with " + " and ".join(bound.text for bound in bounds)


def _neighbour(
    picked: CandidateRecord, nearest_first: Sequence[CandidateRecord]
) -> Neighbour | None:
    if not nearest_first:
        return None
    other = nearest_first[0]
    change = other.accuracy - picked.accuracy
    text = (
        f"{other.label}: {in_millions(other.macs)} MACs"
        f" ({percent_change(other.macs, picked.macs)}), accuracy {other.accuracy:.4f}"
        f" ({points(change)})"
    )
    return Neighbour(other, change, other.macs - picked.macs, text)


def _notes(picked: CandidateRecord, pool: Sequence[CandidateRecord]) -> tuple[str, ...]:
    notes = []
    if len(pool) > 1:
        notes.append(
            f"{len(pool)} candidates were compared on the same {picked.val_images} validation"
            " images, so the validation accuracy of the chosen one is partly luck; the test"
            " accuracy, measured once when it is exported, is the honest figure"
        )
    if picked.kind is Kind.UNPRUNED:
        notes.append("this is the unpruned network: no pruned one answers the request better")
    return tuple(notes)
