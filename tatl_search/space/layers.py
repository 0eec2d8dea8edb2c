"""The layers of a settings file: what it is based on, itself, and the `--set` on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tatl_search.config import VERSION_KEY, migrated, steps_from
from tatl_search.paths import user_path
from tatl_search.space.faults import Faults
from tatl_search.space.packaged import packaged_file, packaged_names
from tatl_search.space.tree import Node, Reader

DEFAULT = "default"
"""As a base: the space that follows from the images."""


@dataclass(frozen=True)
class Layers:
    """A settings file over its bases.

    Attributes:
        root: mappings merged key by key; a distribution, a list or a scalar replaces what the
            base says.
        on_default: whether the lowest of them says `base: default`.
    """

    root: Node
    on_default: bool = False

    def over(self, beneath: Node) -> "Layers":
        """Return these layers with others beneath."""
        return Layers(_merge(beneath, self.root))


def read_layers(path: Path, faults: Faults) -> Layers:
    """Read a settings file over its bases. Duplicate keys are noted in `faults`.

    Args:
        path: the YAML file; `base:` in it names another one, relative to it, or `default`.
        faults: where faults are noted.

    Raises:
        InputError: a file cannot be read as YAML, or bases go round in a circle.
    """
    return _read_over_bases(path, str(path), (), faults)


def with_overrides(root: Node, overrides: Sequence[str], faults: Faults) -> Node:
    """Return the tree with `section.key=value` put on top, one after the other.

    Raises:
        InputError: a value is not valid YAML.
    """
    for override in overrides:
        root = _override(root, override, faults)
    return root


def _read_over_bases(path: Path, asked: str, above: tuple[Path, ...], faults: Faults) -> Layers:
    if path.resolve() in above:
        chain = " -> ".join(str(file.name) for file in (*above, path))
        faults.stop(asked, "base", f"the bases go round in a circle: {chain}")
    root = _read_file(path, asked, faults)
    if "base" not in root.value:
        return Layers(root)
    own = Node({key: child for key, child in root.value.items() if key != "base"}, root.place)
    base = root.value["base"]
    if not isinstance(base.value, str):
        faults.stop(base.place, "base", f"should be the path of a YAML file (got {base.plain()!r})")
    if base.value == DEFAULT:
        return Layers(own, on_default=True)
    found = _base_of(path, base.value)
    beneath = _read_over_bases(found, base.place, (*above, path.resolve()), faults)
    return Layers(_merge(beneath.root, own), beneath.on_default)


def _base_of(path: Path, written: str) -> Path:
    """Return the file that a base names: beside the file, or one of the product's own."""
    beside = path.parent / user_path(written, "base")
    if not beside.exists() and written in packaged_names():
        return packaged_file(written)
    return beside


def _read_file(path: Path, asked: str, faults: Faults) -> Node:
    """Return the mapping a file holds; an empty file is an empty mapping."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        faults.stop(asked, "", f"there is no file {path}")
    except (OSError, UnicodeDecodeError) as error:
        faults.stop(asked, "", f"{path} cannot be read as text: {error}")
    root = Reader(text, lambda line: f"{path}:{line}", faults).read()
    if root.value is None:
        return Node({}, str(path))
    if not isinstance(root.value, dict):
        faults.stop(root.place, "", "should be a mapping of sections, such as `prune:`")
    return _of_today(root, path)


def _of_today(root: Node, path: Path) -> Node:
    """Return a file by the names that settings have today, without the version it may state.

    Of a file in older names the places are no longer known: it was written by a program, such as
    the settings beside an exported network.
    """
    if VERSION_KEY not in root.value:
        return root
    plain = root.plain()
    if not steps_from(plain[VERSION_KEY], root.value[VERSION_KEY].place):
        return Node({k: v for k, v in root.value.items() if k != VERSION_KEY}, root.place)
    return Node.of_plain(migrated(plain, str(path)), str(path))


def _merge(beneath: Node, above: Node) -> Node:
    if not isinstance(beneath.value, dict) or beneath.is_distribution:
        return above
    if above.value is None:  # a section whose keys are all commented out
        return beneath
    if not isinstance(above.value, dict) or above.is_distribution:
        return above
    merged = dict(beneath.value)
    for key, child in above.value.items():
        merged[key] = _merge(merged[key], child) if key in merged else child
    return Node(merged, above.place)


def _override(root: Node, override: str, faults: Faults) -> Node:
    place = f"--set {override}"
    dotted, equals, text = override.partition("=")
    keys = dotted.strip().split(".")
    if not equals or not all(keys):
        faults.add(place, "", "should read section.key=value")
        return root
    value = Reader(text, lambda _: place, faults).read()
    return Node(_put(root, keys, value).value, root.place)


def _put(node: Node, keys: Sequence[str], value: Node) -> Node:
    """Return the node with a value put at a path below it; what is in the way is replaced.

    The nodes on the way name the override beside their own line, since a fault of the whole
    section may come from either.
    """
    if not keys:
        return value
    children = node.value if isinstance(node.value, dict) else {}
    child = children.get(keys[0], Node(None, value.place))
    places = dict.fromkeys((node.place, value.place))
    return Node({**children, keys[0]: _put(child, keys[1:], value)}, ", ".join(places))
