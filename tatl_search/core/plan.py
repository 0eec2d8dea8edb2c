"""A prune plan: which units of which groups go in one round, and why. Printable, JSON-able."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class GroupRemoval:
    """What one group gives up.

    Attributes:
        group: name of the group (its root layer's).
        units: indices of the units to remove, ascending, in the network as it is now.
        width: units the group has before the removal.
        priority: the group's priority in this round.
        candidates: units the selection offered.
    """

    group: str
    units: tuple[int, ...]
    width: int
    priority: float
    candidates: int


@dataclass(frozen=True)
class PrunePlan:
    """What one round removes.

    Attributes:
        removals: the groups that give up units, in the order in which they were walked.
        notes: what the selection wants people to know, such as dead groups left alone.
    """

    removals: tuple[GroupRemoval, ...]
    notes: tuple[str, ...] = ()

    @property
    def units_pruned(self) -> int:
        """Number of units the plan removes."""
        return sum(len(removal.units) for removal in self.removals)

    def pruned_sets(self) -> dict[str, tuple[int, ...]]:
        """Return group -> removed units: all of a plan that decides the network it leads to."""
        return {removal.group: removal.units for removal in self.removals}

    def to_json(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "PrunePlan":
        """Rebuild a plan from `to_json`."""
        raw = json.loads(text)
        removals = tuple(
            GroupRemoval(**{**entry, "units": tuple(entry["units"])}) for entry in raw["removals"]
        )
        return cls(removals=removals, notes=tuple(raw["notes"]))

    def __str__(self) -> str:
        lines = [
            f"{r.group}: {len(r.units)} of {r.width} units (priority {r.priority:.3f},"
            f" {r.candidates} candidates)"
            for r in self.removals
        ]
        return "\n".join([*_or_nothing(lines), *self.notes])


def _or_nothing(lines: Sequence[str]) -> Sequence[str]:
    return lines or ["nothing to prune"]
