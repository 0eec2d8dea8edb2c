"""Whether settings make a search space: key by key, together, and for the sampler."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tatl_search.config import AdaptationConfig, DataSettings, Settings, SweepSettings
from tatl_search.config.data import LEAST_SIDE
from tatl_search.space.compiler import Compiler
from tatl_search.space.distributions import Choices, Section, distributions, draw
from tatl_search.space.faults import Faults
from tatl_search.space.fields import dotted, in_words, section_at
from tatl_search.space.fit import check_fit
from tatl_search.space.search_space import SearchSpace
from tatl_search.space.tree import Node

BESIDE_SWEEP = ("baselines", "wandb")
"""Settings of the sweep that stand at the top level of a file, beside `sweep:`."""

KEY = re.compile(r"([a-z_]+(?:\.[a-z_]+)*): ")
"""A key, dotted, at the beginning of what is wrong with it."""


def checked(root: Node, faults: Faults) -> SearchSpace:
    """Return the search space of a tree.

    Raises:
        InputError: there are faults; all are named.
    """
    if "base" in root.value:
        faults.add(root.value["base"].place, "base", "only a file can name what it is based on")
    section = _faultless_sections(root, faults)
    _check_together(section, root, faults)
    sweep = _sweep(root, faults)
    faults.raise_if_any()
    check_fit(section, sweep, root.nearest(("sweep",)).place, faults)
    faults.raise_if_any()
    return SearchSpace(sweep, root.plain(), section, root)


@dataclass(frozen=True)
class Images:
    """Which images a file names.

    Attributes:
        settings: of those that are searched, the smallest or the first.
        searched: names of the parameters among them.
    """

    settings: DataSettings
    searched: tuple[str, ...]


def images_named(root: Node, faults: Faults) -> Images:
    """Return which images a tree names, whatever else is missing from it.

    Raises:
        InputError: a key of the tree has faults, or the images' settings do not go together.
    """
    section = _faultless_sections(root, faults)
    faults.raise_if_any()
    images: Section = {"data": _without_default_input(section.get("data", {}))}
    _check_together(images, root, faults)
    faults.raise_if_any()
    drawn = AdaptationConfig.model_validate(draw(images, _End(0, high=False)))
    return Images(drawn.data, tuple(found.name for found in distributions(images)))


def _without_default_input(data: Section) -> Section:
    """Return settings of images whose input nobody gave as such that fit any side they keep."""
    if "storage_size" in data and "image_size" not in data:
        return {**data, "image_size": LEAST_SIDE}
    return data


def _faultless_sections(root: Node, faults: Faults) -> Section:
    """Return the sections in which nothing is wrong key by key."""
    compiler = Compiler(faults)
    sections: dict[str, Any] = {}
    for key, node in root.value.items():
        before = len(faults)
        alone = Node({key: node}, root.place)
        section = compiler.section(AdaptationConfig, alone, "", ("base", "sweep", *BESIDE_SWEEP))
        if len(faults) == before:
            sections.update(section)
    return sections


def _check_together(section: Section, root: Node, faults: Faults) -> None:
    """Note values that do not go together, at both ends of all ranges and for every option."""
    found = [leaf for leaf in distributions(section) if isinstance(leaf, Choices)]
    most_options = max((len(leaf.options) for leaf in found), default=1)
    for end in _ends(most_options):
        try:
            AdaptationConfig.model_validate(draw(section, end))
        except ValidationError as error:
            _note(error, AdaptationConfig, (), root, faults)


def _sweep(root: Node, faults: Faults) -> SweepSettings:
    """Return the sweep's settings; the defaults where they have faults, which are noted."""
    given = root.value.get("sweep", Node(None, root.place))
    values = {} if given.value is None else given.plain()
    if not isinstance(values, dict):
        faults.add(given.place, "sweep", f"should be a section (got {values!r})")
        values = {}
    for key in BESIDE_SWEEP:
        if key in values:
            text = f"stands at the top level of the file, not inside sweep: (write {key}: ..)"
            faults.add(given.value[key].place, f"sweep.{key}", text)
            del values[key]
    for key in ("sweep", *BESIDE_SWEEP):
        _check_finite(root.value.get(key, Node(None, root.place)), key, faults)
    beside = {key: root.value[key].plain() for key in BESIDE_SWEEP if key in root.value}
    known = {key: value for key, value in beside.items() if value is not None}
    try:
        # JSON, since strict Python input would refuse a string for an enum.
        text = json.dumps(values | known, default=str)
        return SweepSettings.model_validate_json(text, strict=True)
    except ValidationError as error:
        _note(error, SweepSettings, ("sweep",), root, faults)
        return SweepSettings()


def _check_finite(node: Node, name: str, faults: Faults) -> None:
    """Note infinities and NaN anywhere below a node: no limit can be measured by them."""
    value = node.value
    if isinstance(value, float) and not math.isfinite(value):
        faults.add(node.place, name, f"should be a finite number (got {value})")
    children = dict(enumerate(value)) if isinstance(value, list) else value
    for key, child in children.items() if isinstance(children, dict) else ():
        _check_finite(child, f"{name}.{key}", faults)


def _note(
    error: ValidationError,
    model: type[Settings],
    prefix: tuple[str, ...],
    root: Node,
    faults: Faults,
) -> None:
    for detail in error.errors():
        inside = detail["loc"]
        path = _in_file(prefix, inside)
        node, name = root.nearest(path), dotted(path)
        if detail["type"] == "extra_forbidden":
            section = section_at(model, inside[:-1])
            allowed = {*section.model_fields, *section.section_keys()}
            faults.add_unknown(node.place, name, path[-1], allowed - set(BESIDE_SWEEP))
        elif node.is_distribution:
            faults.add(node.place, name, "should be a value: only an adaptation is searched over")
        else:
            text = in_words(detail)
            # Settings that do not go together are told of their section, the key in the text.
            key = KEY.match(text) if detail["type"] == "value_error" else None
            exact = _in_file(prefix, (*inside, *key[1].split("."))) if key else path
            faults.add(root.nearest(exact).place, name, text)


def _in_file(prefix: tuple[str, ...], inside: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the path in a file of what stands at a path inside a model."""
    return inside if inside and inside[0] in BESIDE_SWEEP else (*prefix, *inside)


def _ends(options: int) -> Iterator["_End"]:
    for option in range(options):
        yield _End(option, high=False)
        yield _End(option, high=True)


class _End:
    """Answers with one end of every range and with the n-th option of every choice.

    Options that are numbers are counted from the smallest, so that all smallest values, such as
    weights of 0, meet.
    """

    def __init__(self, option: int, high: bool) -> None:
        self._option = option
        self._high = high

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        return high if self._high else low

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        numbers = all(isinstance(choice, int | float) for choice in choices)
        ordered = sorted(choices) if numbers else choices
        return ordered[min(self._option, len(ordered) - 1)]
