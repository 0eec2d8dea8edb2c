"""Settings of a search space without a sampler: its middle, its top, its combinations."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tatl_search.config import AdaptationConfig
from tatl_search.space import Range, SearchSpace

ROOT_SECTIONS = ("seed", "data.", "network.", "finetune.", "train_on")
"""Parameters that decide the first fine-tuning start so ..."""

SOURCE_SECTION = "source."
"""... and so, where it may learn the source's images."""

COMBINATIONS = 1000


def variants(
    space: SearchSpace, decides: Callable[[str], bool], position: float = 0.5
) -> Iterator[AdaptationConfig]:
    """Yield every combination of the choices among the parameters that `decides` accepts.

    Args:
        space: the search space.
        decides: whether a parameter of this name is enumerated, not drawn.
        position: where in their range all numeric parameters stand: 0.5 the middle, 1 the top.
            Choices that are not enumerated take their first option.
    """
    pending: list[dict[str, Any]] = [{}]
    while pending:
        drawn = _Draw(pending.pop(), decides, position)  # the deepest: few wait at a time
        config = space.sample(drawn)
        if drawn.open is None:
            yield config
        else:
            name, choices = drawn.open
            pending.extend({**drawn.chosen, name: choice} for choice in reversed(choices))


def middle(space: SearchSpace) -> AdaptationConfig:
    """Return the settings at the middle of every range and the first of every choice."""
    return next(variants(space, lambda _: False))


def trainings(space: SearchSpace) -> list[AdaptationConfig]:
    """Return the combinations of choices that decide training, numbers at the top of their range.

    At most `COMBINATIONS` of them.
    """
    every = variants(space, lambda name: name.startswith(("finetune.", "retrain.")), position=1.0)
    return list(itertools.islice(every, COMBINATIONS))


def most_epochs(space: SearchSpace) -> int:
    """Return the epochs that the longest possible trial of a space trains."""
    length = ("finetune.", "retrain.", "stop.", "finish.")
    return max(
        config.finetune.epochs
        + config.stop.max_rounds * config.retrain.epochs
        + config.finish.networks * config.finish.epochs
        for config in variants(space, lambda name: name.startswith(length), position=1.0)
    )


def without_rounds(config: AdaptationConfig) -> AdaptationConfig:
    """Return settings that only fine-tune, without a source that only rounds would look at."""
    source = config.source if config.trains_on_source else None
    return config.after(prunings=0).model_copy(update={"source": source})


def _root_sections(space: SearchSpace) -> tuple[str, ...]:
    """Return how the names of parameters start that decide the first fine-tuning."""
    trained_on = variants(space, lambda name: name.startswith("train_on"))
    may_learn_source = any(config.trains_on_source for config in trained_on)
    return (*ROOT_SECTIONS, SOURCE_SECTION) if may_learn_source else ROOT_SECTIONS


def shared_roots(space: SearchSpace, at_most: int = 4) -> list[AdaptationConfig]:
    """Return settings of the first fine-tunings that trials will share, without rounds.

    Empty where they cannot be listed: a number among the deciding settings is searched, or there
    are more than `at_most`; trials then compute them when they get there.
    """
    sections = _root_sections(space)
    if any(
        isinstance(found, Range) and name.startswith(sections) for name, found in space.parameters
    ):
        return []
    every = variants(space, lambda name: name.startswith(sections))
    roots = list(itertools.islice(every, at_most + 1))
    return list(dict.fromkeys(map(without_rounds, roots))) if len(roots) <= at_most else []


class _Draw:
    """Answers a search space's questions without a sampler."""

    def __init__(
        self, chosen: dict[str, Any], decides: Callable[[str], bool], position: float
    ) -> None:
        self.chosen = chosen
        self.open: tuple[str, Sequence[Any]] | None = None
        self._decides = decides
        self._position = position

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        if log:
            value = math.exp(math.log(low) + self._position * (math.log(high) - math.log(low)))
        else:
            value = low + self._position * (high - low)
        stride = step or (1 if integer else None)
        if stride:
            value = low + stride * math.floor((value - low) / stride + 1e-9)
        return round(value) if integer else value

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        if name in self.chosen:
            return self.chosen[name]
        if self.open is None and self._decides(name):
            self.open = (name, choices)
        return choices[0]
