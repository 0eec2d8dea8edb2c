"""Tables as people have them, as columns of text: Parquet, and CSV in its many forms."""

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from tatl_search.errors import InputError

_DELIMITERS = (",", ";", "\t")
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""By the mark that a text begins with; without one it is UTF-8."""

_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)


@dataclass(frozen=True)
class Table:
    """Columns of text.

    Attributes:
        file: it was read from.
        rows: number of each row, counted from 1 below the head line.
        columns: values of each column that was asked for and is there, without blanks around.
    """

    file: Path
    rows: Sequence[int]
    columns: dict[str, list[str]]

    def fault(self, row: int, what: str) -> InputError:
        """Return the error that says what is wrong with the row at an index."""
        return InputError(f"{self.file}, row {self.rows[row]}: {what}")


def read_table_file(file: Path, needed: Sequence[str], optional: Sequence[str]) -> Table:
    """Return some columns of a `.csv` or `.parquet` file.

    A CSV file may be UTF-8, or UTF-16 with its mark, with commas, semicolons or tabs; values may
    be quoted, and have blanks around them. Rows without any value are left out.

    Raises:
        InputError: no such file; it is damaged, or empty; a needed column is missing, occurs
            twice, or is neither text nor, where it is called `label`, of whole numbers; or a
            value is missing.
    """
    suffix = file.suffix.lower()
    if not file.is_file() or suffix not in (".csv", ".parquet"):
        raise InputError(f"data.path: {file} is no table; name a .csv or .parquet file")
    read = _read_parquet if suffix == ".parquet" else _read_csv
    table = read(file, needed, optional)
    if not table.rows:
        raise InputError(f"{file} has no rows")
    for name, values in table.columns.items():
        for row, value in enumerate(values):
            if not value:
                raise table.fault(row, f"'{name}' is empty")
            if "\n" in value:
                raise table.fault(row, f"'{name}' holds a line break; is a quote not closed?")
    return table


def _places(
    file: Path, head: Sequence[str], needed: Sequence[str], optional: Sequence[str]
) -> dict[str, int]:
    """Return where each column that is used stands in the head line."""
    used = [name for name in (*needed, *optional) if name in head]
    for name in needed:
        if name not in head:
            raise InputError(
                f"{file} has no column '{name}', only {', '.join(head)}; columns are"
                f" {', '.join(needed)} and optionally {', '.join(optional)}"
            )
    for name in used:
        if head.count(name) > 1:
            raise InputError(
                f"{file} has {head.count(name)} columns '{name}'; remove or rename all but one"
            )
    return {name: head.index(name) for name in used}


def _read_csv(file: Path, needed: Sequence[str], optional: Sequence[str]) -> Table:
    text = _text(file)
    lines = csv.reader(
        io.StringIO(text, newline=""), delimiter=_delimiter(text, needed), skipinitialspace=True
    )
    try:
        head = [name.strip() for name in next((line for line in lines if line), [])]
        if not head:
            raise InputError(f"{file} cannot be read: Empty CSV file")
        places = _places(file, head, needed, optional)
        found = [(row, line) for row, line in enumerate(lines, 1) if any(map(str.strip, line))]
    except csv.Error as error:
        raise InputError(f"{file} cannot be read: line {lines.line_num}: {error}") from error
    for row, line in found:
        if len(line) != len(head):
            raise InputError(
                f"{file}, row {row}: {len(line)} values for {len(head)} columns; put values that"
                " hold the delimiter into quotes"
            )
    return Table(
        file=file,
        rows=[row for row, _ in found],
        columns={
            name: [line[place].strip() for _, line in found] for name, place in places.items()
        },
    )


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    marked = (encoding for mark, encoding in _ENCODINGS if content.startswith(mark))
    encoding = next(marked, "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{file}, line {line}: this is no text in {encoding.upper()}; save the table as UTF-8"
        ) from error
    if "\0" in text:
        raise InputError(f"{file} is no text in {encoding.upper()}; save the table as UTF-8")
    return text


def _delimiter(text: str, needed: Sequence[str]) -> str:
    """Return the delimiter by which the head line has the columns that are needed."""
    head = text.lstrip().partition("\n")[0]
    for delimiter in _DELIMITERS:
        names = {name.strip().strip('"') for name in head.split(delimiter)}
        if names.issuperset(needed):
            return delimiter
    return _DELIMITERS[0]


def _read_parquet(file: Path, needed: Sequence[str], optional: Sequence[str]) -> Table:
    try:
        places = _places(file, parquet.read_schema(file).names, needed, optional)
        found = parquet.read_table(file, columns=list(places))
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    return Table(
        file=file,
        rows=range(1, found.num_rows + 1),
        columns={name: _column(file, name, found.column(name)) for name in places},
    )


def _column(file: Path, name: str, column: pa.ChunkedArray) -> list[str]:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    text = any(of(kind) for of in _TEXTS)
    if not (text or (name == "label" and pa.types.is_integer(kind))):
        allowed = "text or whole numbers" if name == "label" else "text"
        raise InputError(f"{file}: column '{name}' is of type {kind}; it has to be {allowed}")
    return [(value or "").strip() for value in column.cast(pa.string()).to_pylist()]
