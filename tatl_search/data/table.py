"""A CSV or Parquet table of paths and labels."""

import os
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from tatl_search.config import DataSettings
from tatl_search.data.collection import Source, SplitName, source_path
from tatl_search.data.image_files import ImageFile, source_of_files
from tatl_search.data.listing import Listed
from tatl_search.errors import InputError
from tatl_search.paths import likely_path

_COLUMNS = ("path", "label")
_SPLIT = "split"
_SPLITS = {split.folder: split for split in SplitName}


def open_table(settings: DataSettings) -> Source:
    """Return the images that a table lists.

    Columns are `path` (from the table's folder, or absolute; `~` and environment variables are
    filled in), `label` (text or whole numbers, sorted as such) and optionally `split` (train,
    val, test). Other columns are not used.

    Raises:
        InputError: no such table, a column is missing or of another kind, an empty or unknown
            value, or a path listed twice. Rows are counted from 1, a head line not among them.
    """
    file = source_path(settings)
    columns = _columns(file)
    paths = [_path(file, text) for text in columns["path"]]
    labels = columns["label"]
    splits = _splits(file, columns.get(_SPLIT), len(paths))
    names = _class_names(labels)
    listed = Listed()
    for row, (path, split, label) in enumerate(zip(paths, splits, labels, strict=True), 1):
        listed.add(str(path), split, f"{file}, row {row} (label '{label}')")
    files = [
        ImageFile(path, split, names[label])
        for path, split, label in zip(paths, splits, labels, strict=True)
    ]
    return source_of_files(file.parent, list(names), files)


def _columns(file: Path) -> dict[str, list[str]]:
    """Return the columns that are used, as text."""
    table = _read(file)
    for name in _COLUMNS:
        if name not in table.column_names:
            raise InputError(
                f"{file} has no column '{name}', only {', '.join(table.column_names)}; columns"
                " are path, label and optionally split"
            )
    if not table.num_rows:
        raise InputError(f"{file} has no rows")
    used = [name for name in (*_COLUMNS, _SPLIT) if name in table.column_names]
    return {name: _text(file, name, table.column(name)) for name in used}


def _read(file: Path) -> pa.Table:
    suffix = file.suffix.lower()
    if not file.is_file() or suffix not in (".csv", ".parquet"):
        raise InputError(f"data.path: {file} is no table; name a .csv or .parquet file")
    as_text = {name: pa.string() for name in (*_COLUMNS, _SPLIT)}
    try:
        if suffix == ".parquet":
            return parquet.read_table(file)
        options = csv.ConvertOptions(column_types=as_text, strings_can_be_null=False)
        return csv.read_csv(file, convert_options=options)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file} cannot be read: {error}") from error


def _text(file: Path, name: str, column: pa.ChunkedArray) -> list[str]:
    """Return a column as text without the blanks around it; nothing may be empty."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not (text or (name == "label" and pa.types.is_integer(kind))):
        allowed = "text or whole numbers" if name == "label" else "text"
        raise InputError(f"{file}: column '{name}' is of type {kind}; it has to be {allowed}")
    values = [(value or "").strip() for value in column.cast(pa.string()).to_pylist()]
    if "" in values:
        raise InputError(f"{file}, row {values.index('') + 1}: '{name}' is empty")
    return values


def _path(file: Path, text: str) -> Path:
    filled = likely_path(text)
    # Joined to an absolute path, the table's folder drops out.
    return Path(os.path.normpath(file.parent / filled))


def _splits(file: Path, values: list[str] | None, rows: int) -> list[SplitName]:
    if values is None:
        return [SplitName.TRAIN] * rows
    for row, value in enumerate(values, 1):
        if value not in _SPLITS:
            raise InputError(f"{file}, row {row}: split '{value}' is none of {', '.join(_SPLITS)}")
    if SplitName.TRAIN.folder not in values:
        raise InputError(f"{file}: column 'split' puts no image into train")
    return [_SPLITS[value] for value in values]


def _class_names(labels: list[str]) -> dict[str, int]:
    """Return the label of each name: numbers in their order, anything else by the alphabet."""
    names = set(labels)
    numbers = all(name.removeprefix("-").isdecimal() for name in names)
    ordered = sorted(names, key=lambda name: (int(name) if numbers else 0, name))
    return {name: label for label, name in enumerate(ordered)}
