"""TATL: target-aware network adaptation.

Zhong, Li, Okada, Maki: "Target Aware Network Adaptation for Efficient Representation Learning"
(ECCV workshops 2018, arXiv 1810.01104). The abstract names its two ideas, the cumulative sum of
activation statistics and the priority across layers; how they work together here is *our
reading*.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tatl_search.config import PruneSettings
from tatl_search.core.allocation import Floors, allocate
from tatl_search.core.costs import CostModel
from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.core.priority import priorities, walking_order
from tatl_search.core.selection import candidate_units

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


class PrunableGroup(Protocol):
    """What a method needs to know of a `nets.groups.Group`."""

    @property
    def name(self) -> str:
        """Name of the group."""

    @property
    def width(self) -> int:
        """Units the group has now."""


def plan(
    activations: Mapping[str, Floats],
    groups: Sequence[PrunableGroup],
    cost: CostModel,
    original_widths: Mapping[str, int],
    settings: PruneSettings,
) -> PrunePlan:
    """Choose the units that go in one round.

    The cumulative threshold offers candidates in every group, the priority orders the groups,
    and candidates are taken, weakest first, until the pruning rate is reached.

    Args:
        activations: group name -> (width,) mean absolute activations on the training images.
        groups: the network's groups, in network order.
        cost: costs over the widths of these groups, in this order.
        original_widths: group name -> units before any round.
        settings: threshold, rate, priority weights and floors.

    Returns:
        The plan; without removals where no group can give up anything. Its notes name groups
        left alone because they are dead or have a non-finite statistic, and a rate not reached.
    """
    offers = [candidate_units(activations[group.name], settings.threshold) for group in groups]
    widths = np.array([group.width for group in groups], dtype=np.int64)
    counts = np.array([len(offer) for offer in offers], dtype=np.int64)
    priority = _priorities(cost, widths, counts, settings)
    removed = allocate(
        cost,
        widths,
        np.array([original_widths[group.name] for group in groups], dtype=np.int64),
        counts,
        priority,
        settings.rate,
        settings.rate_of,
        Floors(settings.min_filters, settings.min_keep, settings.round_to),
    )
    removals = _removals(groups, offers, removed, priority)
    notes = (*_left_alone(activations, groups), *_shortfall(cost, widths, removed, settings))
    return PrunePlan(removals=removals, notes=notes)


def _removals(
    groups: Sequence[PrunableGroup],
    offers: Sequence[Ints],
    removed: Ints,
    priority: npt.NDArray[np.float64],
) -> tuple[GroupRemoval, ...]:
    """Name the units behind the counts: the weakest of what each group offered."""
    return tuple(
        GroupRemoval(
            group=groups[at].name,
            units=tuple(sorted(offers[at][: removed[at]].tolist())),
            width=groups[at].width,
            priority=float(priority[at]),
            candidates=len(offers[at]),
        )
        for at in walking_order(priority)
        if removed[at] > 0
    )


def _priorities(
    cost: CostModel, widths: Ints, counts: Ints, settings: PruneSettings
) -> npt.NDArray[np.float64]:
    """Return the groups' priorities, savings being those of all of a group's candidates."""
    without = [
        widths - np.where(np.arange(len(widths)) == at, counts, 0) for at in range(len(widths))
    ]
    return priorities(
        redundancy=counts / widths,
        macs_saved=np.array(
            [cost.macs(widths) - cost.macs(left) for left in without], dtype=np.float64
        ),
        parameters_saved=np.array(
            [cost.parameters(widths) - cost.parameters(left) for left in without], dtype=np.float64
        ),
        has_candidates=counts > 0,
        weights=settings.priority,
    )


def _left_alone(
    activations: Mapping[str, Floats], groups: Sequence[PrunableGroup]
) -> tuple[str, ...]:
    notes = []
    for group in groups:
        statistics = activations[group.name]
        if not np.all(np.isfinite(statistics)):
            notes.append(f"{group.name}: left alone, not all of its activations are finite")
        elif not np.any(statistics):
            notes.append(f"{group.name}: left alone, dead (all of its activations are 0)")
    return tuple(notes)


def _shortfall(
    cost: CostModel, widths: Ints, removed: Ints, settings: PruneSettings
) -> tuple[str, ...]:
    before = cost.cost(settings.rate_of, widths)
    share = 1.0 - cost.cost(settings.rate_of, widths - removed) / before
    if share >= settings.rate - 1e-9:
        return ()
    return (
        f"{share:.1%} of the {settings.rate_of.value} go, not {settings.rate:.1%}:"
        " candidates and floors allow no more",
    )
