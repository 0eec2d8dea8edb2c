"""What settings there are: names, defaults, allowed values and meanings, read from their models."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from tatl_search.config import (
    AdaptationConfig,
    PruneSettings,
    Settings,
    SweepSettings,
    section_of,
)
from tatl_search.config.methods import SECTIONS
from tatl_search.space.checking import BESIDE_SWEEP

if TYPE_CHECKING:
    from rich.table import Table

    from tatl_search.methods.method import Method

_LIMITS = {
    "minimum": "at least {:g}",
    "exclusiveMinimum": "above {:g}",
    "maximum": "at most {:g}",
    "exclusiveMaximum": "below {:g}",
}
_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a section",
    "null": "null",
}


@dataclass(frozen=True)
class Setting:
    """One setting, for people.

    Attributes:
        path: dotted, as in `--set`; `[]` stands for each entry of a list.
        default: as it would stand in YAML; `required` where it must be given.
        allowed: values, in words.
        meaning: as the model's docstring tells; empty where it does not.
    """

    path: str
    default: str
    allowed: str
    meaning: str

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)


def all_settings() -> list[Setting]:
    """Return what may stand in a file, in the order of its sections."""
    listed: dict[type[Settings], str] = {}
    within = frozenset(SweepSettings.model_fields) - set(BESIDE_SWEEP)
    return [
        *_settings(AdaptationConfig, "", listed=listed),
        *_settings(SweepSettings, "sweep", leave=frozenset(BESIDE_SWEEP), listed=listed),
        *_settings(SweepSettings, "", leave=within, listed=listed),
    ]


def own_settings(method: "Method") -> list[Setting]:
    """Return the settings that only this method reads, or the score it is made of."""
    return [
        setting
        for section in method.sections
        for setting in _settings(section.model, f"prune.{section.name}")
    ]


def shared_settings() -> list[Setting]:
    """Return the settings of choosing that all methods have."""
    return list(_settings(PruneSettings, "prune", leave=frozenset({*SECTIONS, "options"})))


def table_of(settings: Iterable[Setting], title: str) -> "Table":
    """Return settings as a table for the terminal."""
    from rich.table import Column, Table

    name = Column("setting", no_wrap=True)  # they are what is typed
    table = Table(name, "default", "allowed", "meaning", title=title, title_justify="left")
    for setting in settings:
        table.add_row(setting.path, setting.default, setting.allowed, setting.meaning)
    return table


def markdown_of(settings: Iterable[Setting]) -> str:
    """Return settings as Markdown, a heading and a table for each section of the file."""
    lines: list[str] = []
    for section, inside in groupby(settings, lambda setting: re.split(r"\W", setting.path)[0]):
        lines += [
            f"## {section}",
            "",
            "| setting | default | allowed | meaning |",
            "|---" * 4 + "|",
        ]
        for each in inside:
            cells = (f"`{each.path}`", f"`{each.default}`", each.allowed, each.meaning)
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        lines.append("")
    return "\n".join(lines)


def _settings(
    model: type[Settings],
    prefix: str,
    leave: frozenset[str] = frozenset(),
    meaning: str = "",
    listed: dict[type[Settings], str] | None = None,
) -> Iterator[Setting]:
    """Yield a model's settings; those its docstring leaves out have the section's meaning.

    Args:
        model: of the section.
        prefix: dotted path of the section.
        leave: keys to leave out.
        meaning: of the section.
        listed: path under which a section's settings stand already; added to.
    """
    listed = {} if listed is None else listed
    listed.setdefault(model, prefix)
    meanings = _meanings(model)
    for key, field in model.model_fields.items():
        if key in leave:
            continue
        path, inner = f"{prefix}.{key}".lstrip("."), section_of(model, key)
        told = field.description or meanings.get(key, meaning)
        if inner is not None and isinstance(field.default, Settings):
            yield from _settings(inner, path, meaning=told, listed=listed)
            continue
        default = "required" if field.is_required() else _in_yaml(field.get_default())
        known = listed.get(inner) if inner is not None else None
        allowed = f"the settings of `{known}` or null" if known else _allowed(model, key)
        yield Setting(path, default, allowed, told)
        if inner is not None and known is None:
            each = "[]" if isinstance(field.default, tuple) else ""
            yield from _settings(inner, path + each, listed=listed)
    for key in model.section_keys():
        own = model.section_model(key)
        if own is not None and key not in leave:
            yield from _settings(own, f"{prefix}.{key}", listed=listed)


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


def _allowed(model: type[Settings], key: str) -> str:
    """Return the values a field takes, in words."""
    field = TypeAdapter(model.model_fields[key].rebuild_annotation()).json_schema()
    return _one_of(_options(field, field.get("$defs", {})))


def _options(schema: Mapping[str, Any], models: Mapping[str, Any]) -> list[str]:
    """Return what a JSON schema allows, each option in words."""
    if "$ref" in schema:
        return _options(models[schema["$ref"].rpartition("/")[2]], models)
    if "anyOf" in schema:
        return [words for option in schema["anyOf"] for words in _options(option, models)]
    if "const" in schema:
        return [str(schema["const"])]
    if "enum" in schema:
        return [str(value) for value in schema["enum"]]
    if schema["type"] == "array":
        return [f"a list, each {_one_of(_options(schema['items'], models))}"]
    limits = [text.format(schema[key]) for key, text in _LIMITS.items() if key in schema]
    return [" ".join([_KINDS[schema["type"]], " and ".join(limits)]).strip()]


def _one_of(options: Sequence[str]) -> str:
    *most, last = options
    return f"{', '.join(most)} or {last}" if most else last


def _in_yaml(value: Any) -> str:
    plain = value.value if isinstance(value, Enum) else value
    if plain is None or isinstance(plain, bool):
        return {None: "null", True: "true", False: "false"}[plain]
    if isinstance(plain, tuple):
        return f"[{', '.join(map(_in_yaml, plain))}]"
    if isinstance(plain, Mapping):
        return "{}"
    return f"{plain:.4g}" if isinstance(plain, float) and plain % 1 else str(plain)
