"""The records as Parquet: one file a row, named by what it says, written in one piece.

One file a row needs no locks between workers, survives a kill at any moment, and makes a late
write of an orphaned worker rewrite the very same row.
"""

import json
import logging
import os
import re
import types
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import MISSING, asdict, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar, get_args, get_type_hints
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from tatl_search.errors import InputError, StorageError
from tatl_search.manifest import SweepFolder
from tatl_search.records import SCHEMA_VERSION, CandidateRecord, Kind, LatencyRecord, TrialRecord

logger = logging.getLogger(__name__)

Record = TypeVar("Record", CandidateRecord, TrialRecord, LatencyRecord)

# Of a single row a dictionary, the least and the greatest value say what the row says: files took
# five times the room and twice the time to be read.
_OF_ONE_ROW: Mapping[str, Any] = {
    "use_dictionary": False,
    "write_statistics": False,
    "store_schema": False,
}

_ARROW_TYPES: Mapping[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
}


def _split_optional(hint: Any) -> tuple[type, bool]:
    """Return the plain type behind `T` or `T | None`, and whether it may be null."""
    if isinstance(hint, types.UnionType):
        plain, _ = get_args(hint)
        return plain, True
    return hint, False


def schema_of(
    record_class: type[CandidateRecord] | type[TrialRecord] | type[LatencyRecord],
) -> pa.Schema:
    """Return the Parquet schema of a record class: its fields, in order, nulls where allowed."""
    hints = get_type_hints(record_class)

    def column(name: str) -> pa.Field:
        plain, nullable = _split_optional(hints[name])
        stored = str if issubclass(plain, StrEnum) else plain
        return pa.field(name, _ARROW_TYPES[stored], nullable=nullable)

    return pa.schema([column(field.name) for field in fields(record_class)])


def write_record(path: Path, record: Record) -> None:
    """Write one row as a Parquet file, in one piece: readers see all of it or nothing.

    Args:
        path: the file; its folder is made if need be, an older file is replaced.
        record: the row.

    Raises:
        StorageError: the folder is full, read-only or otherwise not to be written.
    """
    _put(path, record)
    _sync(path)


def _put(path: Path, record: Record) -> None:
    """Write one row in one piece: all processes see it from now on, whoever dies."""
    table = pa.Table.from_pylist([asdict(record)], schema=schema_of(type(record)))
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    with _refusals(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                pq.write_table(table, file, write_page_checksum=True, **_OF_ONE_ROW)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until the disk has a file: from now on it outlives the machine, too."""
    with _refusals(path), path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error}. What was recorded before is kept; make room or make"
            " the folder writable, then resume."
        ) from error


def row_path(folder: SweepFolder, record: CandidateRecord | TrialRecord) -> Path:
    """Return the file of a row; its name follows from what the row is."""
    if isinstance(record, TrialRecord):
        return folder.trials / f"trial-{record.trial:05d}.parquet"
    if record.kind is Kind.CONFIRMATION:
        seed = json.loads(record.settings)["seed"]
        name = f"trial-{record.trial:05d}-seed-{seed}-round-{record.round:02d}.parquet"
        return folder.confirmations / name
    if record.kind is Kind.FINISHED:
        name = f"trial-{record.trial:05d}-round-{record.round:02d}-{record.stage[:16]}.parquet"
        return folder.finished / name
    return folder.candidates / _candidate_file(record)


def _candidate_file(record: CandidateRecord) -> str:
    if record.trial is not None:
        return f"trial-{record.trial:05d}-round-{record.round:02d}.parquet"
    if record.kind is Kind.BASELINE:
        return f"baseline-{_slug(record.label)}.parquet"
    return f"root-{record.stage[:16]}.parquet"


def write_latency(folder: SweepFolder, record: LatencyRecord) -> None:
    """Store a measured latency; one measured before in the same way is replaced.

    Raises:
        StorageError: the folder cannot be written.
    """
    threads = "" if record.threads is None else f"-threads-{record.threads}"
    way = f"{_slug(record.device)[:60]}-{record.runtime}-batch-{record.batch}{threads}"
    write_record(folder.latencies / f"{record.stage[:16]}-{way}.parquet", record)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


class Counterpart(Protocol):
    """Where rows also lie, for other machines."""

    def send(self, path: Path) -> None:
        """Store a row's file."""

    def bring(self, path: Path) -> bool:
        """Bring a row's file down; return whether it was there."""


class ParquetTracker:
    """Stores every row in a sweep's folder; the file's name follows from what the row is.

    The disk is waited for once, when a trial ends: `resume` mends what the loss of a machine
    leaves of the rows of one that runs.
    """

    def __init__(self, folder: SweepFolder, counterpart: Counterpart | None = None) -> None:
        """Store rows in a folder, and where it also lies; null for nowhere."""
        self._folder = folder
        self._counterpart = counterpart
        self._disk = ThreadPoolExecutor()
        self._syncing: list[Future[None]] = []

    def candidate(self, record: CandidateRecord) -> None:
        """Store one evaluated network, unless its row is there already.

        What a row cost was counted when its stage was first reached: an adaptation that comes by
        again, after a kill, finds everything stored and would count less.

        Raises:
            StorageError: the folder cannot be written.
        """
        path = row_path(self._folder, record)
        if self._counterpart is not None and not path.exists():
            self._counterpart.bring(path)
        if not _holds_stage(path, record.stage):
            self._put(path, record)
        self._send(path)

    def trial(self, record: TrialRecord) -> None:
        """Store how a trial ended; then the disk has all of its rows.

        Raises:
            StorageError: the folder cannot be written.
        """
        path = row_path(self._folder, record)
        self._put(path, record)
        self._send(path)
        self.settle()

    def settle(self) -> None:
        """Wait until the disk has every row.

        Raises:
            StorageError: it refuses one.
        """
        for syncing in self._syncing:
            syncing.result()
        self._syncing.clear()

    def _put(self, path: Path, record: Record) -> None:
        _put(path, record)
        self._syncing.append(self._disk.submit(_sync, path))

    def _send(self, path: Path) -> None:
        if self._counterpart is not None:
            self._counterpart.send(path)


class _Damaged(Exception):  # noqa: N818 - never leaves this file
    """A file that cannot be read as a record; the message says why."""


def read_records(
    folder: Path, record_class: type[Record], names: str = "*.parquet"
) -> list[Record]:
    """Read all records of a folder, in the order of their file names.

    Columns that an older version did not write take the record's defaults. A damaged file is
    skipped with a logged warning that names it: one lost row must not hide all others.

    Args:
        folder: `candidates/` or `trials/` of a sweep; an absent one holds no records.
        record_class: what a row says.
        names: pattern of the files to read.

    Raises:
        InputError: a row was written by a newer version.
        StorageError: the folder is there and cannot be read: that is not the same as empty.
    """
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        raise StorageError(f"{folder} cannot be read: permission denied")
    records: list[Record] = []
    build = _builder(record_class)
    for path in sorted(folder.glob(names)):
        try:
            records.extend(build(path, row) for row in _rows(path))
        except _Damaged as damage:
            logger.warning("%s is damaged and left out: %s", path, damage)
    return records


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows: list[dict[str, Any]] = file.read(use_threads=False).to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _Damaged(str(error)) from error
    return rows


def _holds_stage(path: Path, stage: str) -> bool:
    """Whether a file is a whole row of this stage."""
    try:
        return [row.get("stage") for row in _rows(path)] == [stage]
    except _Damaged:
        return False


def _builder(record_class: type[Record]) -> Callable[[Path, Mapping[str, Any]], Record]:
    hints = {name: _split_optional(hint) for name, hint in get_type_hints(record_class).items()}
    required = {field.name for field in fields(record_class) if field.default is MISSING}

    def build(path: Path, row: Mapping[str, Any]) -> Record:
        _refuse_newer(path, row.get("schema_version", SCHEMA_VERSION))
        if missing := sorted(required - row.keys()):
            raise _Damaged(f"it lacks {', '.join(missing)}")
        known = row.keys() & hints.keys()
        return record_class(**{name: _value(name, row[name], *hints[name]) for name in known})

    return build


def _refuse_newer(path: Path, version: object) -> None:
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InputError(
            f"{path} was written by a newer version (schema {version}; this one reads up to"
            f" {SCHEMA_VERSION}). Upgrade tatl-search to use this sweep."
        )


def _value(name: str, value: Any, plain: type, nullable: bool) -> Any:
    if value is None and nullable:
        return None
    stored = str if issubclass(plain, StrEnum) else plain
    if not isinstance(value, stored):
        raise _Damaged(f"{name} is {value!r}, not {stored.__name__}")
    try:
        return plain(value)
    except ValueError as error:
        raise _Damaged(str(error)) from error
