"""Source images that a network learns besides the target's while it is retrained."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from tatl_search.config import PruneSettings
from tatl_search.core.spent import NOTHING, Spent
from tatl_search.methods.context import Choice, Context, Ints


@dataclass(frozen=True)
class Companions:
    """Images out of the source's training split, and what they are told apart into.

    Attributes:
        rows: (N,) places in the source's training split.
        labels: (N,) 0 .. classes - 1, the labels of a second head.
        classes: number of those labels, at least 2.
        note: which they are, for people.
        spent: images it took to choose them.
    """

    rows: Ints
    labels: Ints
    classes: int
    note: str
    spent: Spent = NOTHING


@dataclass(frozen=True)
class Joint:
    """How a method's retraining learns source images on a second head.

    Attributes:
        choose: returns which; what that takes should be learnt through `Context.learn`, since it
            is asked for in every round.
        label: says everything in the settings that decides the choice.
        weight: from the settings and the number of a round, counted from 1, to how much the
            images' loss counts beside that of the target. It must not go by the number of
            rounds planned: a longer run continues a shorter one.
    """

    choose: Callable[[Context], Companions]
    label: Callable[[PruneSettings], str]
    weight: Callable[[PruneSettings, int], float]


def with_companions(choice: Choice, companions: Companions) -> Choice:
    """Return a choice that tells of the images learnt besides and counts what they took."""
    plan = dataclasses.replace(choice.plan, notes=(*choice.plan.notes, companions.note))
    return Choice(plan, choice.spent + companions.spent)
