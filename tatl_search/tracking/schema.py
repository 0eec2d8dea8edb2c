"""Records as Arrow tables and back. Content that does not make a record is damage."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_type_hints

import pyarrow as pa

from tatl_search.records import (
    SCHEMA_VERSION,
    CandidateRecord,
    JudgedRecord,
    LatencyRecord,
    TrialRecord,
)

Record = TypeVar("Record", CandidateRecord, TrialRecord, LatencyRecord, JudgedRecord)
RecordClass = type[CandidateRecord] | type[TrialRecord] | type[LatencyRecord] | type[JudgedRecord]

_ARROW_TYPES: Mapping[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
}


class Damaged(Exception):  # noqa: N818 - caught by readers, never shown as an error
    """Content that cannot be read as records; the message says why."""


@dataclass(frozen=True)
class _Column:
    """A field of a record class, as it is stored.

    Attributes:
        name: of the field.
        plain: its type, without `None`.
        stored: what its values are in Python once they are read: plain, but text for an enum.
        nullable: whether it may be null.
        default: of the field; `MISSING` where it has none.
    """

    name: str
    plain: type
    stored: type
    nullable: bool
    default: Any


def _columns_of(record_class: RecordClass) -> tuple[_Column, ...]:
    hints = get_type_hints(record_class)

    def column(name: str, default: Any) -> _Column:
        plain, nullable = _split_optional(hints[name])
        stored = str if issubclass(plain, StrEnum) else plain
        return _Column(name, plain, stored, nullable, default)

    return tuple(column(field.name, field.default) for field in fields(record_class))


def _split_optional(hint: Any) -> tuple[type, bool]:
    """Return the plain type behind `T` or `T | None`, and whether it may be null."""
    if isinstance(hint, types.UnionType):
        plain, _ = get_args(hint)
        return plain, True
    return hint, False


_COLUMNS: Mapping[RecordClass, tuple[_Column, ...]] = {
    record_class: _columns_of(record_class)
    for record_class in (CandidateRecord, TrialRecord, LatencyRecord, JudgedRecord)
}


def schema_of(record_class: RecordClass) -> pa.Schema:
    """Return the Parquet schema of a record class: its fields, in order, nulls where allowed."""
    return pa.schema(
        [
            pa.field(column.name, _ARROW_TYPES[column.stored], nullable=column.nullable)
            for column in _COLUMNS[record_class]
        ]
    )


def table_of(records: Sequence[Record]) -> pa.Table:
    """Return records of one class, at least one, as a table."""
    schema = schema_of(type(records[0]))
    columns = {name: [getattr(record, name) for record in records] for name in schema.names}
    return pa.Table.from_pydict(columns, schema=schema)


def records_of(table: pa.Table, record_class: type[Record]) -> list[Record]:
    """Return the records of a table.

    Columns that an older version did not write take the record's defaults.

    Raises:
        Damaged: a column is missing or holds what it must not.
    """
    columns = _COLUMNS[record_class]
    required = {column.name for column in columns if column.default is MISSING}
    if missing := sorted(required.difference(table.column_names)):
        raise Damaged(f"it lacks {', '.join(missing)}")
    names = [column.name for column in columns]
    rows = zip(*(_values(table, column) for column in columns), strict=True)
    return [record_class(**dict(zip(names, row, strict=True))) for row in rows]


def newest_version(table: pa.Table) -> int:
    """Return the latest schema version among the rows of a table."""
    if "schema_version" not in table.column_names:
        return SCHEMA_VERSION
    found = table.column("schema_version").to_pylist()
    return max((version for version in found if isinstance(version, int)), default=0)


def _values(table: pa.Table, column: _Column) -> list[Any]:
    if column.name not in table.column_names:
        return [column.default] * table.num_rows
    found = table.column(column.name)
    try:
        values: list[Any] = found.to_pylist()
    except ValueError as error:  # text that is not UTF-8
        raise Damaged(f"{column.name}: {error}") from error
    if found.type != _ARROW_TYPES[column.stored] or (found.null_count and not column.nullable):
        values = [_checked(value, column) for value in values]
    if column.plain is column.stored:
        return values
    try:
        members = {value: column.plain(value) for value in {*values} - {None}}
    except ValueError as error:
        raise Damaged(str(error)) from error
    return [members.get(value) for value in values]


def _checked(value: Any, column: _Column) -> Any:
    """Return a value of a column that another tool wrote, as ours would have stored it."""
    if value is None and column.nullable:
        return None
    if not isinstance(value, column.stored):
        raise Damaged(f"{column.name} is {value!r}, not {column.stored.__name__}")
    return column.stored(value)
