"""What a sweep takes along to a cluster that runs elsewhere: its settings and the code at hand."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

import tatl_search
from tatl_search.errors import InputError
from tatl_search.search.checkout import tracked_files
from tatl_search.search.folder import absolute_paths
from tatl_search.search.own_code import copy_code
from tatl_search.space.tree import Dumper

SPACE_FILE = "space.yaml"
"""Its name on the cluster."""


def pack(raw: Mapping[str, Any], folder: Path) -> int:
    """Write what a job needs into an empty folder: one settings file, and code.

    Code is taken from the checkout that this process runs from, as the files that git tracks are
    now, and of the user's own networks. An installed package is expected on the cluster and not
    sent.

    Args:
        raw: what to search, as plain values.
        folder: where to write.

    Returns:
        How many files of code there are.

    Raises:
        InputError: a setting names a file by a path that means something else on the cluster.
    """
    check_paths(raw)
    text = yaml.dump(dict(raw), Dumper=Dumper, sort_keys=False, allow_unicode=True)
    (folder / SPACE_FILE).write_text(text, encoding="utf-8")
    package = Path(tatl_search.__file__).parent
    tracked = tracked_files(package)
    for path in tracked:
        goal = folder / path.relative_to(package.parent)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, goal)
    return len(tracked) + copy_code(raw, folder)


def check_paths(raw: Mapping[str, Any]) -> None:
    """Raise InputError for relative paths of files that are here: no file is sent along."""
    for key, path in _relative(raw, absolute_paths(raw)):
        raise InputError(
            f"{key}: '{path}' is a path from here, and files do not travel with a sweep. Put it"
            " on storage that the cluster sees, and give its whole path there."
        )


def _relative(raw: Any, absolute: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield the settings, with their keys, that are paths relative to this process's folder."""
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            yield from _relative(value, absolute[key], f"{at}.{key}".lstrip("."))
    elif isinstance(raw, list):
        for value, other in zip(raw, absolute, strict=True):
            yield from _relative(value, other, at)
    elif raw != absolute and not raw.startswith(("/", "~", "$")):
        yield at, raw
