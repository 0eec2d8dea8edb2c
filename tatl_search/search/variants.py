"""Settings of a search space without a sampler: its middle, its top, its combinations."""

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tatl_search.config import AdaptationConfig, Decides
from tatl_search.space import Range, SearchSpace

DECIDES_ROOT = Decides.IMAGES | Decides.NETWORK | Decides.ROOT

COMBINATIONS = 1000


def variants(
    space: SearchSpace, enumerated: Collection[str], position: float = 0.5
) -> Iterator[AdaptationConfig]:
    """Yield every combination of the choices among some parameters.

    Args:
        space: the search space.
        enumerated: names of the parameters that are enumerated, not drawn.
        position: where in their range all numeric parameters stand: 0.5 the middle, 1 the top.
            Choices that are not enumerated take their first option.
    """
    pending: list[dict[str, Any]] = [{}]
    while pending:
        drawn = _Draw(pending.pop(), enumerated, position)  # the deepest: few wait at a time
        config = space.sample(drawn)
        if drawn.open is None:
            yield config
        else:
            name, choices = drawn.open
            pending.extend({**drawn.chosen, name: choice} for choice in reversed(choices))


def extremes(space: SearchSpace, what: Decides) -> Iterator[AdaptationConfig]:
    """Yield every combination of the choices that have a say in something, at its extremes.

    Where numbers among them are searched over a range, all numbers stand at its one end and then
    at its other; else in the middle.
    """
    deciding = space.deciding(what)
    ranged = any(isinstance(found, Range) and name in deciding for name, found in space.parameters)
    for position in (0.0, 1.0) if ranged else (0.5,):
        yield from variants(space, deciding, position)


def middle(space: SearchSpace) -> AdaptationConfig:
    """Return the settings at the middle of every range and the first of every choice."""
    return next(variants(space, ()))


def trainings(space: SearchSpace) -> list[AdaptationConfig]:
    """Return the combinations of choices that decide training, numbers at the top of their range.

    At most `COMBINATIONS` of them.
    """
    every = variants(space, space.deciding(Decides.TRAINING), position=1.0)
    return list(itertools.islice(every, COMBINATIONS))


def most_epochs(space: SearchSpace) -> int:
    """Return the epochs that the longest possible trial of a space trains."""
    length = space.deciding(Decides.TRAINING | Decides.ENDING)
    return max(
        config.first_epochs
        + config.ending.max_rounds * config.retrain.epochs
        + config.finish.networks * config.finish.epochs
        for config in variants(space, length, position=1.0)
    )


def without_rounds(config: AdaptationConfig) -> AdaptationConfig:
    """Return settings that only fine-tune, without a source that only rounds would look at."""
    source = config.source if config.trains_on_source else None
    return config.after(prunings=0).model_copy(update={"source": source})


def _root_parameters(space: SearchSpace) -> frozenset[str]:
    """Return the names of the parameters that decide the first fine-tuning."""
    deciding = space.deciding(DECIDES_ROOT)
    trained_on = [name for name, path in deciding.items() if path == "train_on"]
    if any(config.trains_on_source for config in variants(space, trained_on)):
        return frozenset(deciding)
    return frozenset(name for name, path in deciding.items() if not path.startswith("source."))


def shared_roots(space: SearchSpace, at_most: int = 4) -> list[AdaptationConfig]:
    """Return settings of the first fine-tunings that trials will share, without rounds.

    Empty where they cannot be listed: a number among the deciding settings is searched, or there
    are more than `at_most`; trials then compute them when they get there. Empty, too, where trials
    may begin without.
    """
    if not waits_for_roots(space):
        return []
    deciding = _root_parameters(space)
    if any(isinstance(found, Range) and name in deciding for name, found in space.parameters):
        return []
    every = variants(space, deciding)
    roots = list(itertools.islice(every, at_most + 1))
    return list(dict.fromkeys(map(without_rounds, roots))) if len(roots) <= at_most else []


def waits_for_roots(space: SearchSpace) -> bool:
    """Whether every trial of a space begins with the first fine-tuning."""
    every = variants(space, space.deciding(Decides.METHOD | Decides.TRAINING))
    return not any(config.starts_pretrained for config in itertools.islice(every, COMBINATIONS))


def references(space: SearchSpace) -> list[AdaptationConfig]:
    """Return settings that only fine-tune: those of the unpruned networks at the largest input.

    They are what pruned networks are compared with, where no trial has to wait for them.
    """
    every = variants(space, space.deciding(Decides.IMAGES | Decides.NETWORK))
    roots = list(dict.fromkeys(map(without_rounds, itertools.islice(every, COMBINATIONS))))
    largest = max(config.data.image_size for config in extremes(space, Decides.IMAGES))
    found = [root for root in roots if root.data.image_size == largest]
    return found or list(dict.fromkeys(_at_size(root, largest) for root in roots))


def _at_size(config: AdaptationConfig, image_size: int) -> AdaptationConfig:
    """Return settings for another input."""
    return config.model_copy(update={"data": config.data.at_size(image_size)})


class _Draw:
    """Answers a search space's questions without a sampler."""

    def __init__(
        self, chosen: dict[str, Any], enumerated: Collection[str], position: float
    ) -> None:
        self.chosen = chosen
        self.open: tuple[str, Sequence[Any]] | None = None
        self._enumerated = enumerated
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
        if self.open is None and name in self._enumerated:
            self.open = (name, choices)
        return choices[0]
