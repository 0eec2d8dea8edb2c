"""Which settings a sweep varied: the ones worth showing beside a network."""

from collections.abc import Mapping, Sequence
from typing import Any

from tatl_search.config import AdaptationConfig, plain_settings


def flat(settings: str) -> dict[str, str]:
    """Return stored settings as dotted key -> value in words, as in `prune.rate` -> `0.25`."""
    return leaves(plain_settings(settings))


def leaves(plain: Mapping[str, Any]) -> dict[str, str]:
    """Return nested values as dotted key -> value in words."""
    return dict(_leaves("", plain))


def varied(all_settings: Sequence[str]) -> list[str]:
    """Return the dotted keys that do not have the same value in all of the stored settings.

    A setting that an older version did not know had its default.
    """
    defaults = leaves(AdaptationConfig().model_dump(mode="json"))
    flats = [flat(settings) for settings in set(all_settings)]
    keys = dict.fromkeys(key for settings in flats for key in settings)
    values = {key: {each.get(key, defaults.get(key)) for each in flats} for key in keys}
    return [key for key, found in values.items() if len(found) > 1]


def _leaves(prefix: str, node: Any) -> list[tuple[str, str]]:
    if not isinstance(node, Mapping):
        return [(prefix, f"{node:.4g}" if isinstance(node, float) else str(node))]
    below = (_leaves(f"{prefix}.{key}" if prefix else str(key), node[key]) for key in sorted(node))
    return [leaf for leaves in below for leaf in leaves]
