"""A CSV or Parquet table of paths and labels."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from tatl_search.config import DataSettings
from tatl_search.data.collection import Source, SplitName, source_path, white_of
from tatl_search.data.image_files import ImageFile, source_of_files
from tatl_search.data.listing import Listed
from tatl_search.data.names import one_form, split_named
from tatl_search.data.table_files import Table, read_table_file
from tatl_search.errors import InputError
from tatl_search.paths import likely_path

_COLUMNS = ("path", "label")
_SPLIT = "split"
_LOCK = "~$"
"""What the name of the file begins with that Office keeps beside an open one."""

_OF_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
"""How an absolute path of Windows begins."""


def open_table(settings: DataSettings) -> Source:
    """Return the images that a table lists.

    Columns are `path` (from the table's folder, or absolute; `~` and environment variables are
    filled in, and backslashes are read as slashes), `label` (text or whole numbers, sorted as
    such) and optionally `split` (train, val, test, or their usual names). Other columns are not
    used. Rows that name a lock file of Office are left out and named.

    Raises:
        InputError: no such table, a column is missing or of another kind, an empty or unknown
            value, or a path listed twice. Rows are counted from 1, a head line not among them.
    """
    table = read_table_file(_file(settings), _COLUMNS, (_SPLIT,))
    paths = table.columns["path"]
    labels = [one_form(label) for label in table.columns["label"]]
    splits = _splits(table)
    kept = [row for row, path in enumerate(paths) if not _is_lock(path)]
    names = _class_names(labels[row] for row in kept)
    listed = Listed()
    files = []
    for row in kept:
        path = _path(table, row, paths[row])
        place = f"{table.file}, row {table.rows[row]} (label '{labels[row]}')"
        listed.add(str(path), splits[row], place)
        files.append(ImageFile(path, splits[row], names[labels[row]]))
    notes = [
        f"left out: row {table.rows[row]}, {path} (a lock file of Office)"
        for row, path in enumerate(paths)
        if _is_lock(path)
    ]
    return source_of_files(table.file.parent, list(names), files, notes, white_of(settings))


def _file(settings: DataSettings) -> Path:
    name = os.path.basename(settings.path or "")
    if _is_lock(name):
        raise InputError(
            f"data.path: {settings.path} is the file by which Office locks a table that is open;"
            f" name the table itself, as in {name.removeprefix(_LOCK)}"
        )
    return source_path(settings)


def _is_lock(path: str) -> bool:
    return re.split(r"[\\/]", path)[-1].startswith(_LOCK)


def _path(table: Table, row: int, text: str) -> Path:
    filled = likely_path(text)
    # Joined to an absolute path, the table's folder drops out.
    path = Path(os.path.normpath(table.file.parent / filled))
    if "\\" not in text or os.path.lexists(path):
        return path
    if _OF_WINDOWS.match(text):
        raise table.fault(
            row, f"path '{text}' is one of another computer; give paths from the table's folder"
        )
    return Path(os.path.normpath(table.file.parent / str(filled).replace("\\", "/")))


def _splits(table: Table) -> list[SplitName]:
    values = table.columns.get(_SPLIT)
    if values is None:
        return [SplitName.TRAIN] * len(table.rows)
    splits = []
    for row, value in enumerate(values):
        split = split_named(value)
        if split is None:
            allowed = ", ".join(name.folder for name in SplitName)
            raise table.fault(row, f"split '{value}' is none of {allowed}")
        splits.append(split)
    if SplitName.TRAIN not in splits:
        raise InputError(f"{table.file}: column 'split' puts no image into train")
    return splits


def _class_names(labels: Iterable[str]) -> dict[str, int]:
    """Return the label of each name: numbers in their order, anything else by the alphabet."""
    names = set(labels)
    numbers = all(name.removeprefix("-").isdecimal() for name in names)
    ordered = sorted(names, key=lambda name: (int(name) if numbers else 0, name))
    return {name: label for label, name in enumerate(ordered)}
