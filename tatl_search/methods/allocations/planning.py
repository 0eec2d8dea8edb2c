"""What every allocation needs: a budget from settings, and a plan from what is to go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tatl_search.core.budget import Budget, Floors
from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.methods.context import Context, Floats, Ints


@dataclass(frozen=True)
class Removed:
    """What one group gives up.

    Attributes:
        group: its index.
        units: which go, in any order; none is allowed.
        priority: how early it was asked, for people.
        candidates: units it could have given up.
    """

    group: int
    units: Ints
    priority: float
    candidates: int


def budget_of(context: Context) -> Budget:
    """Return what the settings ask to remove of the network as it is now."""
    settings = context.settings
    names = [group.name for group in context.groups]
    return Budget(
        cost=context.cost,
        widths=context.widths,
        original_widths=np.array([context.original_widths[n] for n in names], dtype=np.int64),
        rate=settings.rate,
        rate_of=settings.rate_of,
        floors=Floors(settings.min_filters, settings.min_keep, settings.round_to),
    )


def plan_of(
    context: Context, scores: Mapping[str, Floats], removed: Sequence[Removed]
) -> PrunePlan:
    """Return the plan of what groups give up, in the order given, with notes for people.

    The notes name groups that are dead (all scores 0) or have a score that is not finite, and a
    rate that was not reached.
    """
    removals = tuple(
        GroupRemoval(
            group=context.groups[entry.group].name,
            units=tuple(sorted(entry.units.tolist())),
            width=context.groups[entry.group].width,
            priority=entry.priority,
            candidates=entry.candidates,
        )
        for entry in removed
        if len(entry.units)
    )
    gone = np.zeros(len(context.groups), dtype=np.int64)
    for entry in removed:
        gone[entry.group] = len(entry.units)
    return PrunePlan(removals, notes=(*_left_alone(context, scores), *_shortfall(context, gone)))


def weakest(context: Context, scores: Mapping[str, Floats], gone: Ints) -> list[Removed]:
    """Return the removal of so many units (G,) of each group: its lowest scores.

    Of equal scores the lower index goes first. Nobody asked one group before another: their
    priority is 0.
    """
    return [
        Removed(
            at,
            np.argsort(scores[group.name], kind="stable")[: gone[at]],
            priority=0.0,
            candidates=group.width,
        )
        for at, group in enumerate(context.groups)
    ]


def told(scores: Floats) -> bool:
    """Say whether scores tell units apart at all: finite, and not all 0."""
    return bool(np.all(np.isfinite(scores)) and np.any(scores))


def _left_alone(context: Context, scores: Mapping[str, Floats]) -> tuple[str, ...]:
    notes = []
    for group in context.groups:
        if not np.all(np.isfinite(scores[group.name])):
            notes.append(f"{group.name}: left alone, not all of its scores are finite")
        elif not np.any(scores[group.name]):
            notes.append(f"{group.name}: left alone, dead (all of its scores are 0)")
    return tuple(notes)


def _shortfall(context: Context, gone: Ints) -> tuple[str, ...]:
    settings, widths = context.settings, context.widths
    before = context.cost.cost(settings.rate_of, widths)
    share = 1.0 - context.cost.cost(settings.rate_of, widths - gone) / before
    if share >= settings.rate - 1e-9:
        return ()
    return (
        f"{share:.1%} of the {settings.rate_of.value} go, not {settings.rate:.1%}:"
        " candidates and floors allow no more",
    )
