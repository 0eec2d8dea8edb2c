"""Settings that name something: the registry says what there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from tatl_search.errors import InputError
from tatl_search.registry import Registry

T = TypeVar("T")

STORED: Mapping[str, bool] = {"stored": True}
"""Validation context of settings that were checked when they were stored.

Their names may be those of plug-ins that are not installed where a front is looked at; who uses
what they name is told then.
"""


def is_stored(info: ValidationInfo) -> bool:
    """Whether settings are read as they were stored, so that no name is looked up."""
    return info.context is STORED


def looked_up(registry: Registry[T], name: str) -> T:
    """Return what a name stands for.

    Raises:
        ValueError: it cannot be had; the setting that names it is told by the validation.
    """
    try:
        return registry[name]
    except InputError as error:
        raise ValueError(str(error).removeprefix(f"{registry.setting}: ")) from error


@dataclass(frozen=True)
class Named:
    """Marks a text as the name of something in a registry, as in `Annotated[str, Named(SCORES)]`.

    Attributes:
        registry: where it is looked up.
    """

    registry: Registry[Any]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"enum": [*self.registry.builtin]}

    def _check(self, name: str, info: ValidationInfo) -> str:
        if is_stored(info):
            return name
        fault = self.registry.fault_of(name)
        if fault is not None:
            raise ValueError(fault)
        if name not in self.registry.builtin:
            looked_up(self.registry, name)
        return name
