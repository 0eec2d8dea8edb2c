"""A YAML text as a tree that knows where each value stands."""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.composer import ComposerError

from tatl_search.printable import one_line
from tatl_search.space.faults import Faults

DEEPEST, MOST_VALUES = 50, 100_000
"""No settings are nested deeper or hold more; aliases of aliases soon would."""
MERGE = "tag:yaml.org,2002:merge"
DISTRIBUTION_KEYS = ("low", "high", "log", "step", "choices")


@dataclass(frozen=True)
class Node:
    """A value of the file: a mapping of nodes, a list of nodes or a scalar.

    Attributes:
        value: what stands there.
        place: where: `file:line`, or the `--set` that put it there.
    """

    value: Any
    place: str

    @property
    def is_distribution(self) -> bool:
        """Whether this is a mapping such as {low: .., high: ..} or {choices: ..}."""
        return isinstance(self.value, Mapping) and any(k in self.value for k in DISTRIBUTION_KEYS)

    def branch(self, option: Any) -> "Node | None":
        """Return the keys that an option of this choice brings along; None where there are none."""
        choices = self.value.get("choices") if isinstance(self.value, Mapping) else None
        if choices is None or not isinstance(choices.value, Mapping):
            return None
        branch = choices.value.get(option)
        return branch if branch and isinstance(branch.value, Mapping) else None

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def nearest(self, path: Iterable[Hashable]) -> "Node":
        """Return the node at the path, or the last one on the way that exists."""
        node = self
        for key in path:
            if not isinstance(node.value, dict | list):
                break
            children = dict(enumerate(node.value)) if isinstance(node.value, list) else node.value
            if key not in children:
                break
            node = children[key]
        return node

    @classmethod
    def of_plain(cls, value: Any, place: str) -> "Node":
        """Return the tree of a plain value, all of which stands in one place."""
        if isinstance(value, Mapping):
            return cls({key: cls.of_plain(child, place) for key, child in value.items()}, place)
        if isinstance(value, list | tuple):
            return cls([cls.of_plain(child, place) for child in value], place)
        return cls(value, place)


class _Loader(yaml.SafeLoader):
    """YAML 1.1 takes 1e-4 for a string; people mean a number. Nesting has an end."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Read what stands at one place, with all that is inside."""
        self._depth += 1
        if self._depth > DEEPEST:
            problem = f"more than {DEEPEST} lists or mappings inside each other"
            raise ComposerError(None, None, problem, self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class Dumper(yaml.SafeDumper):
    """Writes what `Reader` reads: text that looks like one of its numbers is quoted."""


for kind in (_Loader, Dumper):
    kind.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), None
    )


class Reader:
    """Turns one YAML text into a tree.

    Args:
        text: the text.
        place_of: names the place of a line, counted from 1.
        faults: where faults are noted.
    """

    def __init__(self, text: str, place_of: Callable[[int], str], faults: Faults) -> None:
        self._text = text
        self._place_of = place_of
        self._faults = faults
        self._values = 0

    def read(self) -> Node:
        """Return the text's tree; an empty text is None.

        Raises:
            InputError: the text is not valid YAML.
        """
        try:
            self._loader = _Loader(self._text)
            root = self._loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            detail = ", ".join(part for part in (error.context, error.problem) if part)
            self._faults.stop(self._place_of(line), "", f"not valid YAML: {detail}")
        except yaml.YAMLError as error:
            self._faults.stop(self._place_of(1), "", f"not valid YAML: {error}")
        return Node(None, self._place_of(1)) if root is None else self._node(root, frozenset())

    def _place(self, node: yaml.Node) -> str:
        return self._place_of(node.start_mark.line + 1)

    def _node(self, node: yaml.Node, inside: frozenset[int]) -> Node:
        place = self._place(node)
        self._values += 1
        if self._values > MOST_VALUES:
            self._faults.stop(place, "", f"its aliases stand for more than {MOST_VALUES:,} values")
        if id(node) in inside:
            self._faults.stop(place, "", "an alias that contains itself")
        inside |= {id(node)}
        if isinstance(node, yaml.MappingNode):
            return Node(self._mapping(node, inside), place)
        if isinstance(node, yaml.SequenceNode):
            return Node([self._node(item, inside) for item in node.value], place)
        return Node(self._scalar(node), place)

    def _mapping(self, node: yaml.MappingNode, inside: frozenset[int]) -> dict[Hashable, Node]:
        entries: dict[Hashable, Node] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if key_node.tag == MERGE:
                self._faults.add(place, "<<", "merging is not known here; write the keys out")
                continue
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else key_node
            if not isinstance(key, str | int | float | None):
                self._faults.add(place, "", "a key should be a single word")
                continue
            if key in entries:
                self._faults.add(place, str(key), f"already given at {entries[key].place}")
            entries[key] = Node(self._node(value_node, inside).value, place)
        return entries

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            problem = getattr(error, "problem", None) or error
            shown = one_line(str(node.value))
            self._faults.add(self._place(node), "", f"cannot read '{shown}': {problem}")
            return None
