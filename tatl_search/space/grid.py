"""A search space as a grid: all its settings, one by one."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tatl_search.space.distributions import Range, Section, draw

MOST_POINTS = 10_000
"""A grid of more is no plan: what is left of it after a sweep says nothing."""


def has_steps(found: Range) -> bool:
    """Whether a range holds a countable number of values."""
    return found.step is not None or found.integer


def grid(section: Section) -> list[dict[str, Any]]:
    """Return the points of a space whose ranges all have steps, as parameter name -> value.

    Settings under a choice are part of those points only that make the choice. There are at most
    `MOST_POINTS` + 1 of them: whoever asks sees that there are too many.
    """
    return list(itertools.islice(_points(section), MOST_POINTS + 1))


def shuffled_grid(section: Section, seed: int) -> list[dict[str, Any]]:
    """Return the grid in an order that the seed decides, so that a part of it is spread out."""
    points = grid(section)
    random.Random(seed).shuffle(points)  # noqa: S311 - no secret
    return points


def _points(section: Section) -> Iterator[dict[str, Any]]:
    pending: list[dict[str, Any]] = [{}]
    while pending:
        walk = _Walk(pending.pop())
        draw(section, walk)
        if walk.open is None:
            yield dict(walk.chosen)
        else:
            name, values = walk.open
            pending.extend({**walk.chosen, name: value} for value in reversed(values))


class _Walk:
    """Answers a space's questions as chosen; remembers the first that is open and its values."""

    def __init__(self, chosen: Mapping[str, Any]) -> None:
        self.chosen = chosen
        self.open: tuple[str, Sequence[Any]] | None = None

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        if name in self.chosen:
            return float(self.chosen[name])
        stride = step or 1
        count = min(round((high - low) / stride), MOST_POINTS)  # more are too many by themselves
        values = [min(low + n * stride, high) for n in range(count + 1)]
        return float(self._answer(name, [int(v) for v in values] if integer else values))

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._answer(name, choices)

    def _answer(self, name: str, values: Sequence[Any]) -> Any:
        if name in self.chosen:
            return self.chosen[name]
        if self.open is None:
            self.open = (name, values)
        return values[0]
