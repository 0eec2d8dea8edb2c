"""From a tree to sections of distributions, checked against the settings key by key."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tatl_search.config import Settings, section_of
from tatl_search.space.distributions import Choices, Range, Section
from tatl_search.space.faults import Faults
from tatl_search.space.fields import Free, from_key, is_free, number_of, problems, takes_list
from tatl_search.space.tree import Node

RANGE_KEYS = ("low", "high", "log", "step")


class Compiler:
    """Checks the sections of a file against the settings' models.

    What is faulty is noted and left out, so that the rest can still be looked at.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def section(
        self, model: type[Settings], node: Node, name: str, elsewhere: Sequence[str] = ()
    ) -> Section:
        """Return a section's entries.

        Args:
            model: the settings of this section.
            node: where they are given.
            name: dotted path of the section, empty for the whole file.
            elsewhere: keys that may stand here and are looked at elsewhere.
        """
        if node.value is None:
            return {}
        if not isinstance(node.value, Mapping):
            allowed = ", ".join(_allowed(model, elsewhere))
            text = f"should be a section with keys of {allowed} (got {node.plain()!r})"
            self._faults.add(node.place, name, text)
            return {}
        entries = {}
        for key, child in node.value.items():
            child_name = f"{name}.{key}" if name else str(key)
            if model is Free:
                entries[str(key)] = self._free(child, child_name)
            elif _has(model, key):
                entries[key] = self._entry(model, key, child, child_name)
            elif key not in elsewhere:
                self._faults.add_unknown(child.place, child_name, key, _allowed(model, elsewhere))
        return entries

    def _entry(self, model: type[Settings], key: str, node: Node, name: str) -> Any:
        inner = section_of(model, key)
        if inner is not None:
            return None if self._is_off(model, key, node) else self.section(inner, node, name)
        if is_free(model, key):
            return self.section(Free, node, name)
        if isinstance(node.value, list) and not takes_list(model, key):
            text = "should be one value; to search over several write {choices: [..]}"
            self._faults.add(node.place, name, f"{text} (got {node.plain()!r})")
            return None
        if not isinstance(node.value, Mapping):
            self._check(model, key, node.plain(), node.place, name)
            return node.plain()
        if "choices" in node.value:
            return self._choices(model, key, node, name)
        return self._range(model, key, node, name)

    def _free(self, node: Node, name: str) -> Any:
        """Return an entry that may be anything: what it should be is not known here."""
        if not isinstance(node.value, Mapping):
            return node.plain()
        if "choices" in node.value:
            return self._choices(Free, "anything", node, name)
        if not node.is_distribution:
            return self.section(Free, node, name)
        given = [node.value[key].value for key in ("low", "high", "step") if key in node.value]
        whole = all(isinstance(number, int | None) for number in given)
        return self._range(Free, "whole" if whole else "number", node, name)

    @staticmethod
    def _is_off(model: type[Settings], key: str, node: Node) -> bool:
        """Return whether a section is left out that may be."""
        field = model.model_fields.get(key)
        return node.value is None and field is not None and field.default is None

    def _check(self, model: type[Settings], key: str, given: Any, place: str, name: str) -> bool:
        """Note what is wrong with a plain value of a field; return whether it is fine."""
        found = problems(model, key, given)
        for problem in found:
            self._faults.add(place, name, problem)
        return not found

    def _choices(self, model: type[Settings], key: str, node: Node, name: str) -> Choices | None:
        for other, child in node.value.items():
            if other != "choices":
                self._faults.add(
                    child.place, f"{name}.{other}", "choices: takes no other key beside it"
                )
        given = node.value["choices"]
        if not isinstance(given.value, list | dict) or not given.value:
            text = "should be a list such as [a, b], or a mapping from options to their keys"
            self._faults.add(given.place, f"{name}.choices", f"{text} (got {given.plain()!r})")
            return None
        if isinstance(given.value, list):
            options = [(child.plain(), child.place) for child in given.value]
            branches: dict[Any, Section] = {}
        else:
            options = [
                (from_key(model, key, option), child.place) for option, child in given.value.items()
            ]
            branches = self._branches(model, key, given, name)
        self._check_options(model, key, options, name)
        return Choices(name, tuple(option for option, _ in options), branches, node.place)

    def _check_options(
        self, model: type[Settings], key: str, options: Sequence[tuple[Any, str]], name: str
    ) -> None:
        for position, (option, place) in enumerate(options):
            fine = self._check(model, key, option, place, f"{name}.choices")
            if fine and isinstance(option, list | dict):  # of a plug-in: Optuna takes none
                text = f"should be a number, a word, true, false or null (got {option!r})"
                self._faults.add(place, f"{name}.choices", text)
            elif fine and option in [earlier for earlier, _ in options[:position]]:
                self._faults.add(place, f"{name}.choices", f"{option!r} is given twice")

    def _branches(
        self, model: type[Settings], key: str, given: Node, name: str
    ) -> dict[Any, Section]:
        branches = {}
        for option, child in given.value.items():
            branch_name = f"{name}={option}"
            branch = self.section(model, child, branch_name)
            if key in branch:
                place = child.value[key].place
                self._faults.add(place, f"{branch_name}.{key}", "a choice cannot set itself")
            branches[from_key(model, key, option)] = branch
        return branches

    def _range(self, model: type[Settings], key: str, node: Node, name: str) -> Range | None:
        number = number_of(model, key)
        if number is None:
            text = f"should be a value or {{choices: [..]}} (got {node.plain()!r})"
            self._faults.add(node.place, name, text)
            return None
        before = len(self._faults)
        for other, child in node.value.items():
            if other not in RANGE_KEYS:
                allowed = (*RANGE_KEYS, "choices")
                self._faults.add_unknown(child.place, f"{name}.{other}", other, allowed)
        for end in ("low", "high"):
            given = node.value.get(end, Node(None, node.place))
            if given.value is not None:
                self._check(model, key, given.plain(), given.place, f"{name}.{end}")
            else:
                self._faults.add(node.place, name, f"a range needs low and high: {end} is missing")
        self._check_scale(node, name, whole=number is int)
        if len(self._faults) > before:
            return None
        found = _to_range(node.plain(), name, number, node.place)
        self._check_span(found)
        return found

    def _check_scale(self, node: Node, name: str, whole: bool) -> None:
        log, step = (node.value.get(key, Node(None, node.place)) for key in ("log", "step"))
        if not isinstance(log.value, bool | None):
            text = f"should be true or false (got {log.plain()!r})"
            self._faults.add(log.place, f"{name}.log", text)
        if step.value is None:
            return
        kind = int if whole else (int, float)
        number = isinstance(step.value, kind) and not isinstance(step.value, bool)
        if not number or not 0 < step.value < math.inf:
            wanted = "a whole number" if whole else "a number"
            text = f"should be {wanted} above 0 (got {step.plain()!r})"
            self._faults.add(step.place, f"{name}.step", text)
        elif log.value:
            self._faults.add(step.place, f"{name}.step", "log and step exclude each other")

    def _check_span(self, found: Range) -> None:
        low, high, step = found.low, found.high, found.step
        if low >= high:
            text = f"low should be less than high (got {low:g} and {high:g})"
            self._faults.add(found.place, found.name, text)
        elif found.log and low <= 0:
            text = f"with log, low should be greater than 0 (got {low:g})"
            self._faults.add(found.place, found.name, text)
        elif step is not None:
            steps = (high - low) / step
            if abs(steps - round(steps)) > 1e-6:
                last = low + step * math.floor(steps)
                text = f"steps of {step:g} from {low:g} lead to {last:g} and {last + step:g}"
                self._faults.add(found.place, found.name, f"{text}, not to high (got {high:g})")


def _has(model: type[Settings], key: Any) -> bool:
    """Return whether a section may have a key."""
    return key in model.model_fields or (isinstance(key, str) and bool(section_of(model, key)))


def _allowed(model: type[Settings], elsewhere: Sequence[str]) -> list[str]:
    """Return the keys that a section may have."""
    return [*model.model_fields, *model.section_keys(), *elsewhere]


def _to_range(
    given: Mapping[str, Any], name: str, number: type[int] | type[float], place: str
) -> Range:
    step = given.get("step")
    return Range(
        name=name,
        low=number(given["low"]),
        high=number(given["high"]),
        log=bool(given.get("log")),
        step=None if step is None else number(step),
        integer=number is int,
        place=place,
    )
