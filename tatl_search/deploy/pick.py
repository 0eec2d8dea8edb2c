"""Pick one network from the front: pure arithmetic on records.

Hundreds of candidates are compared on one validation set, so the best of them is partly lucky.
Therefore a network is taken instead of a cheaper one only if it is better by more than chance
allows (core/sure.py; in the spirit of the one-standard-error rule of Breiman et al. 1984,
Classification and Regression Trees, section 3.4.3), and every accuracy comes with its interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tatl_search.core.pareto import non_dominated
from tatl_search.deploy.bounds import Bound, bounds_of, nothing_satisfies
from tatl_search.deploy.grounds import Grounds, amount, change
from tatl_search.deploy.prefer import prefer
from tatl_search.deploy.request import PickRequest
from tatl_search.errors import InputError
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.words import interval


@dataclass(frozen=True)
class Neighbour:
    """The next network on the front, and what it would give instead of the chosen one.

    Attributes:
        candidate: the neighbour.
        quality_change: its quality, such as accuracy, minus the chosen one's.
        cost_change: its cost, such as MACs, minus the chosen one's.
        text: the same for people.
    """

    candidate: CandidateRecord
    quality_change: float
    cost_change: float
    text: str


@dataclass(frozen=True)
class Choice:
    """The picked network and the grounds.

    Attributes:
        candidate: the picked network.
        why: for people: the rule that led to it.
        grounds: what figures count, and where they come from.
        interval: 95 % interval (Wilson) of its validation accuracy; null where that is no share.
        smaller: the next cheaper network on the front; null where there is none.
        larger: the next costlier one; null where there is none.
        notes: what to know before relying on the choice.
        latency_ms: milliseconds of one pass; null where they are unknown or were not asked for.
        latency_origin: for people: on what and how latency was measured, or that it is an
            estimate; null where it was not asked for.
    """

    candidate: CandidateRecord
    why: str
    grounds: Grounds
    interval: tuple[float, float] | None
    smaller: Neighbour | None
    larger: Neighbour | None
    notes: tuple[str, ...]
    latency_ms: float | None = None
    latency_origin: str | None = None


def choose(
    candidates: Sequence[CandidateRecord],
    unpruned: CandidateRecord,
    request: PickRequest,
    grounds: Grounds,
) -> Choice:
    """Pick the candidate that answers a request; front and knee are those of the sweep's goals.

    Of those within all bounds the preferred one is taken. The knee and the most accurate one
    give way to a cheaper one than which they are not surely better.

    Args:
        candidates: the networks to pick from; rows that share a stage are one network, rows
            without a finite accuracy or an objective do not count.
        unpruned: the fine-tuned network before pruning; `max_drop` is measured from it.
        request: bounds and preference.
        grounds: the sweep's goals, and latencies of the networks where the request asks for them.

    Raises:
        InputError: nothing satisfies the bounds; the message names for each failing bound the
            closest candidate and by how much it fails. Or latency is asked for and not given.
    """
    if request.needs_latency and grounds.latencies is None:
        raise InputError("the request is about latency, and none is given")
    pool = _distinct(candidates, grounds)
    if not pool:
        raise InputError("there is nothing to pick from: no candidate has a valid accuracy")
    bounds = bounds_of(request, unpruned, grounds)
    feasible = [record for record in pool if all(bound.met_by(record) for bound in bounds)]
    if not feasible:
        raise InputError(nothing_satisfies(pool, bounds))
    picked, why = prefer(feasible, request, _within(bounds), grounds)
    return _choice(picked, why, pool, grounds)


Name = tuple[int, int] | str
"""What names one network: trial and round, or its label, as in `input 32 px`."""


def named(candidates: Sequence[CandidateRecord], name: Name, grounds: Grounds) -> Choice:
    """Pick the candidate of a name.

    Raises:
        InputError: there is no such candidate.
    """
    picked = _labelled(candidates, name) if isinstance(name, str) else _reached(candidates, *name)
    if not math.isfinite(picked.accuracy):
        raise InputError(f"{picked.label} has no valid accuracy")
    return _choice(picked, "asked for by name", _distinct(candidates, grounds), grounds)


def _reached(
    candidates: Sequence[CandidateRecord], trial: int, round_number: int
) -> CandidateRecord:
    """Return the network that a trial reached after a round."""
    rounds = {row.round: row for row in candidates if row.trial == trial}
    if round_number not in rounds:
        held = ", ".join(map(str, sorted(rounds)))
        has = f"it has rounds {held}" if rounds else "there is no such trial"
        raise InputError(f"trial {trial} has no round {round_number}: {has}")
    return rounds[round_number]


def _labelled(candidates: Sequence[CandidateRecord], label: str) -> CandidateRecord:
    found = {row.label: row for row in candidates}
    if label not in found:
        others = [row.label for row in candidates if row.trial is None]
        known = f"there are {', '.join(others)}, and" if others else "there are"
        raise InputError(
            f"there is no network {label}: {known} those of trials, as in trial 0 round 1"
        )
    return found[label]


def _choice(
    picked: CandidateRecord, why: str, pool: Sequence[CandidateRecord], grounds: Grounds
) -> Choice:
    front, cost = _front(pool, grounds), grounds.goals.cost.of
    latencies = grounds.latencies
    return Choice(
        candidate=picked,
        why=why,
        grounds=grounds,
        interval=interval(picked),
        smaller=_neighbour(picked, [r for r in reversed(front) if cost(r) < cost(picked)], grounds),
        larger=_neighbour(picked, [r for r in front if cost(r) > cost(picked)], grounds),
        notes=_notes(picked, pool, grounds),
        latency_ms=latencies.of(picked) if latencies else None,
        latency_origin=latencies.origin if latencies else None,
    )


def _distinct(candidates: Sequence[CandidateRecord], grounds: Grounds) -> list[CandidateRecord]:
    valid = [
        record
        for record in candidates
        if math.isfinite(record.accuracy) and not grounds.goals.lacking([record])
    ]
    first_of_stage: dict[str, CandidateRecord] = {}
    for record in sorted(valid, key=grounds.cheapest_first):
        first_of_stage.setdefault(record.stage, record)
    return list(first_of_stage.values())


def _front(pool: Sequence[CandidateRecord], grounds: Grounds) -> list[CandidateRecord]:
    axes = (grounds.goals.quality, grounds.goals.cost)
    values = np.array([[axis.minimised(record) for axis in axes] for record in pool])
    mask = non_dominated(values.reshape(-1, len(axes)))
    return [record for record, kept in zip(pool, mask, strict=True) if kept]


def _within(bounds: Sequence[Bound]) -> str:
    return " with " + " and ".join(bound.text for bound in bounds) if bounds else ""


def _neighbour(
    picked: CandidateRecord, nearest_first: Sequence[CandidateRecord], grounds: Grounds
) -> Neighbour | None:
    if not nearest_first:
        return None
    other = nearest_first[0]
    quality, cost = grounds.goals.quality, grounds.goals.cost
    told = ", ".join(
        f"{amount(axis.of(other), axis)} ({change(axis.of(other), axis.of(picked), axis)})"
        for axis in (cost, quality)
    )
    return Neighbour(
        other,
        quality.of(other) - quality.of(picked),
        cost.of(other) - cost.of(picked),
        f"{other.label}: {told}",
    )


def _notes(
    picked: CandidateRecord, pool: Sequence[CandidateRecord], grounds: Grounds
) -> tuple[str, ...]:
    notes = []
    if len(pool) > 1:
        notes.append(
            f"{len(pool)} candidates were compared on the same {picked.val_images} validation"
            " images, so the validation accuracy of the chosen one is partly luck; the test"
            " accuracy, measured once when it is exported, is the honest figure"
        )
    latencies = grounds.latencies
    known = sum(latencies.of(record) is not None for record in pool) if latencies else 0
    if latencies and known < len(pool):
        notes.append(
            f"the latency of {known} of {len(pool)} candidates is known ({latencies.origin}): a"
            " bound or weight on it leaves out the others"
        )
    if picked.kind is Kind.UNPRUNED:
        notes.append("this is the unpruned network: no pruned one answers the request better")
    if picked.kind is Kind.BASELINE:
        notes.append(
            f"this is a baseline, {picked.network} at {picked.image_size} px as it is: no pruned"
            " network answers the request better"
        )
    return tuple(notes)
