"""The settings of an adaptation as they are stored: in rows, and beside an exported network.

This is the one place that reads them, whatever version wrote them.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tatl_search.config.adaptation import AdaptationConfig
from tatl_search.config.migrations import migrated, versioned
from tatl_search.config.naming import STORED
from tatl_search.errors import InputError


def store_settings(config: AdaptationConfig) -> str:
    """Return settings as JSON, with the version of their names."""
    return json.dumps(versioned(config.model_dump(mode="json")), separators=(",", ":"))


def plain_settings(text: str) -> dict[str, Any]:
    """Return stored settings as plain values in sections, by the names of today.

    Raises:
        InputError: they are damaged, or a newer version stored them.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise InputError(f"stored settings are damaged: {error}") from error
    if not isinstance(raw, Mapping):
        raise InputError(f"stored settings are damaged: {text[:40]!r} is not a mapping")
    return migrated(raw, "stored settings")


def read_settings(text: str) -> AdaptationConfig:
    """Return stored settings, whatever version stored them.

    Raises:
        InputError: they are damaged, or a newer version stored them.
    """
    plain = plain_settings(text)
    try:
        return AdaptationConfig.model_validate(plain, context=STORED)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InputError(f"stored settings are damaged: {'; '.join(faults)}") from error
