"""Distributions, in Optuna's words, and how settings are drawn from them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Section = Mapping[str, Any]
"""Key -> Range, Choices, a nested Section, or a plain value."""


@dataclass(frozen=True)
class Range:
    """Any number from `low` to `high`, both included.

    Attributes:
        name: the parameter's name: its dotted path.
        low: lower end.
        high: upper end.
        log: drawn evenly on a logarithmic scale.
        step: distance between the values allowed, counted from `low`; None allows all.
        integer: whether only whole numbers are allowed.
        place: where it stands in the file.
    """

    name: str
    low: float
    high: float
    log: bool = False
    step: float | None = None
    integer: bool = False
    place: str = field(default="", compare=False)

    def __str__(self) -> str:
        steps = "" if self.step is None else f" in steps of {self.step:g}"
        return f"{self.low:g} to {self.high:g}{steps}{', logarithmic' if self.log else ''}"


@dataclass(frozen=True)
class Choices:
    """One of some options.

    Attributes:
        name: the parameter's name: its dotted path.
        options: the options.
        branches: option -> settings beside this one that apply only with that option; they
            take precedence over what the section itself says.
        place: where it stands in the file.
    """

    name: str
    options: tuple[Any, ...]
    branches: Mapping[Any, Section] = field(default_factory=dict)
    place: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"one of {', '.join(map(str, self.options))}"


Distribution = Range | Choices


class Suggest(Protocol):
    """Decides the value of one parameter after the other; a sampler of a study, usually."""

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        """Return a number of a `Range`."""

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of the choices."""


def distributions(section: Section) -> Iterator[Distribution]:
    """Yield every distribution of a section, those under choices included, in file order."""
    for entry in section.values():
        if isinstance(entry, Range | Choices):
            yield entry
        if isinstance(entry, Choices):
            for branch in entry.branches.values():
                yield from distributions(branch)
        elif isinstance(entry, Mapping):
            yield from distributions(entry)


def draw(section: Section, suggest: Suggest) -> dict[str, Any]:
    """Return plain settings, asking only for parameters that apply.

    Choices come first, since what they bring along replaces what the section says; where two
    bring the same key, the later one's holds.
    """
    entries = dict(section)
    while key := next((key for key, entry in entries.items() if isinstance(entry, Choices)), None):
        choices: Choices = entries[key]
        entries[key] = suggest.categorical(choices.name, choices.options)
        entries = overlay(entries, choices.branches.get(entries[key], {}))
    return {key: _value(entry, suggest) for key, entry in entries.items()}


def _value(entry: Any, suggest: Suggest) -> Any:
    if isinstance(entry, Range):
        return suggest.uniform(
            entry.name, entry.low, entry.high, entry.log, entry.step, entry.integer
        )
    return draw(entry, suggest) if isinstance(entry, Mapping) else entry


def overlay(beneath: Section, above: Section) -> dict[str, Any]:
    """Return sections in which what stands above replaces what stands beneath, key by key."""
    merged = dict(beneath)
    for key, entry in above.items():
        both = isinstance(entry, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = overlay(merged[key], entry) if both else entry
    return merged
