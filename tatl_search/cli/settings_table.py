"""What the settings of a method are: names, defaults and meanings, read from their models."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from tatl_search.config import PruneSettings, Settings
from tatl_search.space.fields import section_of

if TYPE_CHECKING:
    from tatl_search.methods.method import Method


@dataclass(frozen=True)
class Setting:
    """One setting, for people.

    Attributes:
        path: dotted, as in `--set`.
        default: as it would stand in YAML; `required` where it must be given.
        meaning: as the model's docstring tells; empty where it does not.
    """

    path: str
    default: str
    meaning: str

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)


def own_settings(method: "Method") -> list[Setting]:
    """Return the settings that only this method reads, or the score it is made of."""
    found: list[Setting] = []
    for section in method.sections:
        model = method.options if section == "options" else section_of(PruneSettings, section)
        if model is not None:
            found += _settings(model, f"prune.{section}")
    return found


def shared_settings() -> list[Setting]:
    """Return the settings of choosing that all methods have."""
    return list(_settings(PruneSettings, "prune", leave=_method_sections()))


def _method_sections() -> frozenset[str]:
    """Return the sections of the pruning settings that belong to single methods."""
    from tatl_search.methods.registry import METHODS

    named = {section for method in METHODS.values() for section in method.sections}
    return frozenset({*named, "options"})


def _settings(
    model: type[Settings], prefix: str, leave: frozenset[str] = frozenset(), meaning: str = ""
) -> Iterator[Setting]:
    """Yield a model's settings; those its docstring leaves out have the section's meaning."""
    meanings = _meanings(model)
    for key, field in model.model_fields.items():
        if key in leave:
            continue
        path, inner = f"{prefix}.{key}", section_of(model, key)
        told = field.description or meanings.get(key, meaning)
        if inner is not None and isinstance(field.default, Settings):
            yield from _settings(inner, path, meaning=told)
        else:
            default = "required" if field.is_required() else _in_yaml(field.get_default())
            yield Setting(path, default, told)


def _meanings(model: type[Settings]) -> dict[str, str]:
    """Return what the docstrings of a model and those it extends say of its attributes."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        _, _, attributes = (inspect.cleandoc(base.__doc__ or "")).partition("Attributes:\n")
        entries = re.split(r"\n(?=    \w+: )", "\n" + attributes)
        for entry in filter(None, (entry.strip() for entry in entries)):
            name, _, text = entry.partition(": ")
            found[name] = " ".join(text.split())
    return found


def _in_yaml(value: Any) -> str:
    plain = value.value if isinstance(value, Enum) else value
    if plain is None or isinstance(plain, bool):
        return {None: "null", True: "true", False: "false"}[plain]
    return str(plain)
