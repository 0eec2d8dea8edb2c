"""What settings were called before, so that whatever an older version stored can still be read.

A setting that is renamed, or whose values are written otherwise, adds an entry to `MIGRATIONS`:
that raises the version, and nothing else has to know.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tatl_search.errors import InputError

VERSION_KEY = "settings_version"
FIRST_VERSION = 1
"""Of settings that say nothing of their version."""

DISTRIBUTION = frozenset({"choices", "low", "high"})


@dataclass(frozen=True)
class Migration:
    """What changed from one version of the settings to the next.

    Paths are dotted and begin at the top of a file: `finetune.epochs`, `sweep.budget`.

    Attributes:
        renamed: path of a setting or section -> its name since then, in the same section.
        values: path (by its new name) -> what a value that was stored is since then; for a
            setting that is searched it is asked for each option, and for both ends of a range.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)


MIGRATIONS: tuple[Migration, ...] = ()
"""From version 1 to 2, from 2 to 3, ..."""


def current_version() -> int:
    """Return the version of the settings' names."""
    return FIRST_VERSION + len(MIGRATIONS)


def versioned(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that say which version they are of."""
    return {VERSION_KEY: current_version(), **sections}


def migrated(raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return settings by the names of today, without their version.

    Args:
        raw: sections as in a file, distributions included; those without a version are of the
            first.
        where: they are stored, for messages.

    Raises:
        InputError: they are of a newer version, or of none that there is.
    """
    sections = dict(raw)
    for migration in steps_from(sections.pop(VERSION_KEY, FIRST_VERSION), where):
        sections = _section(migration, sections, "")
    return sections


def steps_from(version: object, where: str) -> Sequence[Migration]:
    """Return what leads from a version of the settings to that of today.

    Raises:
        InputError: it is newer, or none.
    """
    if isinstance(version, bool) or not isinstance(version, int) or version < FIRST_VERSION:
        raise InputError(
            f"{where}: {VERSION_KEY} should be a number from {FIRST_VERSION} to"
            f" {current_version()} (got {version!r})"
        )
    if version > current_version():
        raise InputError(
            f"{where}: written by a newer version ({VERSION_KEY} {version}; this one reads up to"
            f" {current_version()}). Upgrade tatl-search."
        )
    return MIGRATIONS[version - FIRST_VERSION :]


def current_parameters(params: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """Return values of a search space's parameters by the parameters' names of today.

    Args:
        params: values by name, as a study stored them.
        known: names of the search space's parameters.
    """
    return {name if name in known else _current_name(name): value for name, value in params.items()}


def _current_name(name: str) -> str:
    """Return a parameter's name of today: its dotted path, with the choices that lead to it."""
    for migration in MIGRATIONS:
        for path, new in migration.renamed.items():
            section, dot, old = map(re.escape, path.rpartition("."))
            # A choice on the way stands as `key=option.` between the section and the setting.
            below = rf"^({section}{dot}(?:[^.=]+=.*\.)?){old}(?=$|[.=])"
            name = re.sub(below, lambda found, new=new: f"{found[1]}{new}", name)  # type: ignore[misc]
    return name


def _section(migration: Migration, section: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return a section by new names; what a choice brings along belongs to the section itself."""
    renewed: dict[str, Any] = {}
    for key, value in section.items():
        name = migration.renamed.get(f"{prefix}{key}", key)
        renewed[name] = _entry(migration, value, prefix, f"{prefix}{name}")
    return renewed


def _entry(migration: Migration, value: Any, prefix: str, path: str) -> Any:
    change = migration.values.get(path)
    if isinstance(value, Mapping) and DISTRIBUTION & value.keys():
        return {key: _part(migration, key, part, prefix, change) for key, part in value.items()}
    if change is not None:
        return change(value)
    if isinstance(value, Mapping):
        return _section(migration, value, f"{path}.")
    if isinstance(value, list):
        return [_entry(migration, each, prefix, path) for each in value]
    return value


def _part(
    migration: Migration, key: str, part: Any, prefix: str, change: Callable[[Any], Any] | None
) -> Any:
    """Return a part of a distribution: an end of a range, or its options."""
    renew = change or _same
    if key == "choices" and isinstance(part, Mapping):
        return {
            renew(option): _section(migration, branch, prefix)
            if isinstance(branch, Mapping)
            else branch
            for option, branch in part.items()
        }
    if key == "choices" and isinstance(part, list):
        return [renew(option) for option in part]
    return renew(part) if key in ("low", "high") else part


def _same(value: Any) -> Any:
    return value
