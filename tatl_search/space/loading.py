"""From a file, or from what a sweep stored of it, to a checked search space."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tatl_search.space.checking import Images, checked, images_named
from tatl_search.space.faults import Faults
from tatl_search.space.layers import DEFAULT, Layers, read_layers, with_overrides
from tatl_search.space.search_space import SearchSpace
from tatl_search.space.tree import Node

HOW = ("start", "finetune", "prune", "retrain", "stop", "finish")
"""Sections that say how networks are adapted."""


class Written:
    """Settings as somebody wrote them, from which what follows from the images may be missing."""

    def __init__(self, layers: Layers, overrides: Sequence[str], faults: Faults) -> None:
        """Take what was read; `of_file` and `of_raw` read.

        Args:
            layers: the file.
            overrides: `section.key=value`, to be put on top.
            faults: what was wrong with the text.
        """
        self._layers = layers
        self._overrides = overrides
        self._faults = faults

    @classmethod
    def of_file(cls, path: Path, overrides: Sequence[str] = ()) -> "Written":
        """Read a YAML file.

        Raises:
            InputError: it cannot be read as YAML.
        """
        faults = Faults(str(path))
        return cls(read_layers(path, faults), overrides, faults)

    @classmethod
    def of_raw(
        cls, raw: Mapping[str, Any], overrides: Sequence[str] = (), source: str = "the settings"
    ) -> "Written":
        """Take plain values, as a file would hold them.

        Args:
            raw: sections of settings; of bases only `default` is known.
            overrides: `section.key=value`, put on top.
            source: where the values come from, for messages.
        """
        on_default = raw.get("base") == DEFAULT
        own = {key: value for key, value in raw.items() if not (on_default and key == "base")}
        return cls(Layers(Node.of_plain(own, source), on_default), overrides, Faults(source))

    @property
    def on_default(self) -> bool:
        """Whether the file asks for what follows from the images, by `base: default`."""
        return self._layers.on_default

    @property
    def says_how(self) -> bool:
        """Whether the file says anything of how networks are adapted; `--set` does not count."""
        given = self._layers.root.value
        return any(key in given and given[key].value is not None for key in HOW)

    def plain(self) -> dict[str, Any]:
        """Return what is written, as plain values.

        Raises:
            InputError: an override is not valid YAML.
        """
        found: dict[str, Any] = self._tree(self._layers).plain()
        return found

    def images(self) -> Images:
        """Return which images are named, whatever else is missing.

        Raises:
            InputError: what is written has faults, looked at key by key; all are named.
        """
        return images_named(self._tree(self._layers), self._faults)

    def checked(self) -> SearchSpace:
        """Return the search space of what is written alone.

        Raises:
            InputError: it has faults; all are named, each with its place.
        """
        if self.on_default:
            self._faults.stop("", "base", "default: only a sweep looks at the images it follows")
        return checked(self._tree(self._layers), self._faults)

    def over(self, raw: Mapping[str, Any], place: str) -> SearchSpace:
        """Return the search space of what is written, over plain values.

        Args:
            raw: what holds where nothing is written.
            place: where that comes from, for messages.

        Raises:
            InputError: they have faults; all are named, each with its place.
        """
        return checked(self._tree(self._layers.over(Node.of_plain(raw, place))), self._faults)

    def _tree(self, layers: Layers) -> Node:
        return with_overrides(layers.root, self._overrides, self._faults)


def load_space(path: Path, overrides: Sequence[str] = ()) -> SearchSpace:
    """Read a search space, or a single run's settings, from a YAML file.

    What it leaves out has the default of its setting: `newcomer.opening` completes a file that
    says nothing of how networks are adapted.

    Args:
        path: the file; see `search_spaces/` for examples.
        overrides: `section.key=value`, put on top of the file.

    Raises:
        InputError: the file has faults; all are named, each with its place.
    """
    return Written.of_file(path, overrides).checked()


def space_from_raw(
    raw: Mapping[str, Any], overrides: Sequence[str] = (), source: str = "the settings"
) -> SearchSpace:
    """Make a search space of plain values, such as those of `SearchSpace.raw`.

    Args:
        raw: sections of settings, as a file would hold them; `base:` is not allowed.
        overrides: `section.key=value`, put on top.
        source: where the values come from, for messages.

    Raises:
        InputError: they have faults; all are named.
    """
    return Written.of_raw(raw, overrides, source).checked()
