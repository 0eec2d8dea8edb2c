"""Settings that somebody names, seen as parameters of a search space."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tatl_search.space.distributions import Choices, Range, Section, draw


@dataclass(frozen=True)
class Given:
    """What of some settings a search space can be asked to try.

    Attributes:
        values: parameter name -> value.
        refused: dotted path -> why its value is left out, in words.
        open: names of the parameters that are left to be drawn.
    """

    values: Mapping[str, Any]
    refused: Mapping[str, str]
    open: tuple[str, ...]


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return settings as dotted path -> value; sections may be nested or dotted."""
    leaves: dict[str, Any] = {}
    for key, value in settings.items():
        path = f"{prefix}{key}"
        leaves |= flat(value, f"{path}.") if isinstance(value, Mapping) else {path: value}
    return leaves


def given(section: Section, settings: Mapping[str, Any]) -> Given:
    """Return what of some settings fits a search space.

    Settings that the space does not ask for with the choices made so far, and values that lie
    outside of what it searches, are refused.

    Args:
        section: the space.
        settings: sections as in a file, whole or in part.
    """
    wanted = flat(settings)
    answers = _Answers(paths(section), wanted)
    draw(section, answers)
    strangers = {path: "is not searched here" for path in wanted if path not in answers.asked}
    return Given(answers.values, {**answers.refused, **strangers}, tuple(answers.open))


def fitting(section: Section, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return of some settings those that a search space can be asked to try, in sections."""
    refused = given(section, settings).refused
    found: dict[str, Any] = {}
    for path, value in flat(settings).items():
        if path not in refused:
            *sections, key = path.split(".")
            inside = found
            for name in sections:
                inside = inside.setdefault(name, {})
            inside[key] = value
    return found


def paths(section: Section, prefix: str = "") -> dict[str, str]:
    """Return the dotted path that each parameter of a space decides, by the parameter's name."""
    found: dict[str, str] = {}
    for key, entry in section.items():
        path = f"{prefix}{key}"
        if isinstance(entry, Range | Choices):
            found[entry.name] = path
        if isinstance(entry, Choices):
            for branch in entry.branches.values():
                found |= paths(branch, prefix)
        elif isinstance(entry, Mapping):
            found |= paths(entry, f"{path}.")
    return found


class _Answers:
    """Answers a space's questions from settings; where they are silent, with what comes first."""

    def __init__(self, paths: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self._paths = paths
        self._settings = settings
        self.asked: set[str] = set()
        self.open: list[str] = []
        self.values: dict[str, Any] = {}
        self.refused: dict[str, str] = {}

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        found = Range(name, low, high, log, step, integer)
        return float(self._answer(name, str(found), low, lambda value: _within(found, value)))

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        allowed = ", ".join(map(str, choices))
        return self._answer(name, f"one of {allowed}", choices[0], lambda value: value in choices)

    def _answer(self, name: str, allowed: str, otherwise: Any, fits: Callable[[Any], bool]) -> Any:
        path = self._paths[name]
        self.asked.add(path)
        value = self._settings.get(path)
        if path in self._settings and fits(value):
            self.values[name] = value
            return value
        if path in self._settings:
            self.refused[path] = f"{value!r} is not {allowed}"
        self.open.append(name)
        return otherwise


def _within(found: Range, value: Any) -> bool:
    """Whether a range holds a value."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if not found.low <= value <= found.high or (found.integer and value != int(value)):
        return False
    steps = (value - found.low) / (found.step or 1)
    return not (found.step or found.integer) or abs(steps - round(steps)) < 1e-6
