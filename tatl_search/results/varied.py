"""Which settings a sweep varied: the ones worth showing beside a network."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def flat(settings: str) -> dict[str, str]:
    """Return stored settings as dotted key -> value in words, as in `prune.rate` -> `0.25`."""
    return dict(_leaves("", json.loads(settings)))


def varied(all_settings: Sequence[str]) -> list[str]:
    """Return the dotted keys that do not have the same value in all of the stored settings."""
    flats = [flat(settings) for settings in set(all_settings)]
    keys = dict.fromkeys(key for settings in flats for key in settings)
    return [key for key in keys if len({settings.get(key) for settings in flats}) > 1]


def _leaves(prefix: str, node: Any) -> list[tuple[str, str]]:
    if not isinstance(node, Mapping):
        return [(prefix, f"{node:.4g}" if isinstance(node, float) else str(node))]
    below = (_leaves(f"{prefix}.{key}" if prefix else str(key), node[key]) for key in sorted(node))
    return [leaf for leaves in below for leaf in leaves]
