"""Sweeps put together for a comparison: the same settings from several seeds are one arm."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tatl_search.core.goals import Goals
from tatl_search.errors import InputError
from tatl_search.records import CandidateRecord
from tatl_search.results.store import SweepResults

_NUMBER = re.compile(r"[-_. ]*(seed)?[-_. ]*\d+$")
"""What tells the names of one arm's sweeps apart, as in `tpe-seed-3`."""


@dataclass(frozen=True)
class Arm:
    """Sweeps that differ in their seed only, or that their owner calls by one name.

    Attributes:
        label: for people.
        sweeps: at least one.
    """

    label: str
    sweeps: tuple[SweepResults, ...]


def seed_of(results: SweepResults) -> int | None:
    """Return a sweep's seed; null where the seed is itself searched."""
    seed = results.manifest.space.get("seed", 0)
    return seed if isinstance(seed, int) else None


def grouped(sweeps: Sequence[SweepResults]) -> tuple[Arm, ...]:
    """Return the arms of sweeps: those of equal settings but the seed are one, in given order."""
    groups: dict[str, list[SweepResults]] = {}
    for results in sweeps:
        groups.setdefault(_settings(results), []).append(results)
    return tuple(Arm(_common_name(group), tuple(group)) for group in groups.values())


def checked(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """Return the arms if they can be compared.

    Raises:
        InputError: there are fewer than two, two have one label, a sweep is named twice or has
            no candidate, or sweeps were measured on different numbers of validation images.
    """
    if len(arms) < 2:
        raise InputError(
            "there is nothing to compare: these sweeps differ in nothing but the seed; name a"
            " second arm, or tell arms apart with --label NAME=SWEEP,..."
        )
    labels = [arm.label for arm in arms]
    sweeps = [results for arm in arms for results in arm.sweeps]
    _refuse_repeated("the label", labels)
    _refuse_repeated("the sweep", [os.path.realpath(results.folder.root) for results in sweeps])
    for results in sweeps:
        if not results.candidates:
            raise InputError(f"{results.folder.root} has no candidate yet")
    counts = {r.folder.root: r.candidates[0].val_images for r in sweeps}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{root}: {count}" for root, count in counts.items())
        raise InputError(
            f"these sweeps do not share their validation images, so their accuracies cannot be"
            f" compared (images: {told})"
        )
    return tuple(arms)


def shared_goals(arms: Sequence[Arm]) -> Goals:
    """Return the objectives of all sweeps, in the first one's order.

    The reference is, of each cost, the greatest of an unpruned network among all sweeps.

    Raises:
        InputError: they have no quality or no cost in common.
    """
    sweeps = [results for arm in arms for results in arm.sweeps]
    others = [results.manifest.sweep.objectives for results in sweeps]
    shared = tuple(figure for figure in others[0] if all(figure in own for own in others))
    for what, is_quality in (("quality", True), ("cost", False)):
        if not any(figure.higher_is_better is is_quality for figure in shared):
            raise InputError(f"these sweeps have no {what} among their objectives in common")
    reference = {}
    for cost in (figure for figure in shared if not figure.higher_is_better):
        known = [whole for results in sweeps if (whole := results.reference_cost(cost)) is not None]
        if known:
            reference[cost] = max(known)
    return Goals(shared, reference)


def front_in(rows: Sequence[CandidateRecord], goals: Goals) -> tuple[CandidateRecord, ...]:
    """Return the candidates that no other one beats in the goals, each once."""
    first: dict[str, CandidateRecord] = {}
    for row, on_front in zip(rows, goals.on_front(rows), strict=True):
        if on_front:
            first.setdefault(row.stage, row)
    return tuple(sorted(first.values(), key=goals.cost.of))


def _settings(results: SweepResults) -> str:
    """Return everything but seed and recording as text, for equality."""
    space = {k: v for k, v in results.manifest.space.items() if k not in ("seed", "sweep", "wandb")}
    sweep = results.manifest.sweep.model_dump(mode="json", exclude={"recorders", "wandb"})
    return json.dumps([space, sweep], sort_keys=True)


def _common_name(group: Sequence[SweepResults]) -> str:
    names = [results.manifest.name for results in group]
    if len(names) == 1:
        return names[0]
    without = {_NUMBER.sub("", name) for name in names}
    shared = without.pop() if len(without) == 1 else ""
    return shared or f"{names[0]} and {len(names) - 1} more"


def _refuse_repeated(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{what} {name} is there twice")
