"""Groups: filters that can only go together, found by Torch-Pruning's dependency graph."""

from dataclasses import dataclass
from enum import StrEnum


class Axis(StrEnum):
    """Which side of a module a member stands for."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True)
class Member:
    """One side of one module (or bare Parameter) whose channels belong to a group.

    Attributes:
        module: dotted name of the module or Parameter in the network.
        axis: which side. Normalisations, depthwise convolutions and Parameters count as OUT.
        indices: (width,) tuples: the module's channels that belong to each unit of the group.
    """

    module: str
    axis: Axis
    indices: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Group:
    """Filters that can only be removed together (DepGraph, Fang et al. 2023, arXiv 2301.12900).

    Attributes:
        name: dotted name of the root layer; stable over rounds of pruning.
        width: number of units; unit i consists of `member.indices[i]` of every member.
        members: every side of every module that a unit touches.
    """

    name: str
    width: int
    members: tuple[Member, ...]
