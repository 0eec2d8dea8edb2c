"""What one field of the settings allows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from tatl_search.config import Settings, section_of
from tatl_search.config.base import fault_of_size, types_in


class Free(Settings):
    """Settings whose model is not known here, such as the options of a plug-in's method.

    Attributes:
        whole: stands for a setting that is a whole number.
        number: for one that is any number.
        anything: for any other.
    """

    whole: int = 0
    number: float = 0.0
    anything: Any = None


def is_free(model: type[Settings], key: str) -> bool:
    """Return whether a field takes any keys, with any values."""
    return get_origin(model.model_fields[key].annotation) is Mapping


def takes_list(model: type[Settings], key: str) -> bool:
    """Return whether a field holds a list of values."""
    return any(get_origin(kind) is tuple for kind in types_in(model.model_fields[key].annotation))


def section_at(model: type[Settings], path: Iterable[int | str]) -> type[Settings]:
    """Return the settings at a path below a model; positions in lists are passed over."""
    for key in path:
        model = (section_of(model, key) if isinstance(key, str) else None) or model
    return model


def unknown_key(model: type[Settings], path: Sequence[str]) -> tuple[str, list[str]] | None:
    """Return the key on a path that means nothing where it stands, and those that would.

    Args:
        model: the settings that the path begins in.
        path: keys.

    Returns:
        Null where the path leads to a setting.
    """
    for key, *below in (path[place:] for place in range(len(path))):
        inner = section_of(model, key)
        if inner is None:
            if key not in model.model_fields:
                return key, [*model.model_fields, *model.section_keys()]
            return (below[0], []) if below and not is_free(model, key) else None
        model = inner
    return None


def number_of(model: type[Settings], key: str) -> type[int] | type[float] | None:
    """Return int or float where a field holds a number, None where it does not."""
    if takes_list(model, key):
        return None
    types = set(types_in(model.model_fields[key].annotation))
    return int if int in types else float if float in types else None


def problems(model: type[Settings], key: str, value: Any) -> list[str]:
    """Return what is wrong with a value for a field, in words; empty if nothing is."""
    if fault := fault_of_size(value):
        return [fault]
    try:
        # JSON, since strict Python input would refuse a string for an enum.
        _adapter(model, key).validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError as error:
        return [in_words(detail) for detail in error.errors()]
    return []


def from_key(model: type[Settings], key: str, option: Any) -> Any:
    """Return an option that was written as a key, in the field's own type where it fits.

    Storing as JSON turns the keys of mappings into strings: 16 comes back as "16".
    """
    try:
        value = _adapter(model, key).validate_python(option, strict=False)
    except ValidationError:
        return option
    return _adapter(model, key).dump_python(value, mode="json")


def dotted(path: Iterable[int | str]) -> str:
    """Return a path in words: `baselines.0.image_size`."""
    return ".".join(str(key) for key in path)


def in_words(detail: ErrorDetails) -> str:
    """Return what is wrong and what was got."""
    words = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return words
    return f"{words.replace('Input should', 'should')} (got {detail['input']!r})"


@cache
def _adapter(model: type[Settings], key: str) -> TypeAdapter[Any]:
    annotation = model.model_fields[key].rebuild_annotation()
    return TypeAdapter(annotation, config=ConfigDict(allow_inf_nan=False))
