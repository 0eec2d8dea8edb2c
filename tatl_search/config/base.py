"""What all settings are: frozen, validated once, unknown keys refused."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.fields import FieldInfo

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]

LARGEST = 2**53
"""Largest whole number of a setting: above it floating-point numbers, in which costs are
estimated and journals written, hold not every whole one."""


def fault_of_size(value: Any) -> str | None:
    """Return what is wrong with a setting's value if it is a whole number that is too large."""
    too_large = isinstance(value, int) and abs(value) > LARGEST
    return f"should be at most {LARGEST}" if too_large else None


@dataclass(frozen=True)
class FirstDefault:
    """The default that a setting had when it came, where its default has changed since.

    It stands in the field's annotation, `Annotated[int, FirstDefault(1)] = 4`. Keys of stages
    leave out what equals it, so that they stay what they were when a default changes.
    """

    value: Any


class Settings(BaseModel):
    """Base of all settings: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*")
    @classmethod
    def _of_usual_size(cls, value: Any) -> Any:
        if fault := fault_of_size(value):
            raise ValueError(fault)
        return value

    @classmethod
    def section_keys(cls) -> tuple[str, ...]:
        """Return the keys beside the fields under which settings may stand."""
        return ()

    @classmethod
    def section_model(cls, key: str) -> "type[Settings] | None":
        """Return the settings that stand under a key that is no field; null where none do."""
        return None

    def __hash__(self) -> int:
        return hash(self.digest())

    def digest(self) -> str:
        """Return a SHA-256 over the canonical JSON of what differs from the defaults.

        A new setting whose default changes nothing therefore leaves it as it is.
        """
        return digest_of(self.differing())

    def differing(self) -> dict[str, Any]:
        """Return what differs from the first defaults, as plain values in sections."""
        plain = self.model_dump(mode="json", serialize_as_any=True)
        told: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            value, default = getattr(self, name), first_default(field)
            if isinstance(value, Settings):
                inner = value.differing()
                if inner or not isinstance(default, Settings):
                    told[name] = inner
            elif value != default:
                told[name] = plain[name]
        for name, value in (self.model_extra or {}).items():
            inner = value.differing() if isinstance(value, Settings) else plain[name]
            if inner:
                told[name] = inner
        return told


def first_default(field: FieldInfo) -> Any:
    """Return the default that a setting had when it came."""
    first = (mark.value for mark in field.metadata if isinstance(mark, FirstDefault))
    return next(first, field.default)


def digest_of(content: Mapping[str, Any]) -> str:
    """Return a SHA-256 over the canonical JSON of plain values."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def section_of(model: type[Settings], key: str) -> type[Settings] | None:
    """Return the settings a field holds (alone, optional or in a list), or None for a leaf."""
    if key not in model.model_fields:
        return model.section_model(key)
    types = types_in(model.model_fields[key].annotation)
    return next((t for t in types if isinstance(t, type) and issubclass(t, Settings)), None)


def types_in(annotation: Any) -> Iterator[Any]:
    """Yield an annotation and all that it is made of."""
    yield annotation
    for inner in get_args(annotation):
        yield from types_in(inner)
