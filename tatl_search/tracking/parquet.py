"""The records as Parquet: one file a row, named by what it says, written in one piece.

One file a row needs no locks between workers, survives a kill at any moment, and makes a late
write of an orphaned worker rewrite the very same row. Rows of ended trials are merged later, see
`merging`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pyarrow.parquet as pq

from tatl_search.errors import StorageError
from tatl_search.files import sync_folder
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, JudgedRecord, LatencyRecord, TrialRecord
from tatl_search.tracking.naming import row_path
from tatl_search.tracking.reading import contents_of
from tatl_search.tracking.schema import Record, table_of

# Of a single row a dictionary, the least and the greatest value say what the row says: files took
# five times the room and twice the time to be read.
_OF_ONE_ROW: Mapping[str, Any] = {
    "use_dictionary": False,
    "write_statistics": False,
    "store_schema": False,
}


# A flipped byte costs the rows of its group.
_OF_MANY_ROWS: Mapping[str, Any] = {
    "compression": "zstd",
    "row_group_size": 256,
    "store_schema": False,
}


def write_record(path: Path, record: Record) -> None:
    """Write one row as a Parquet file, in one piece: readers see all of it or nothing.

    Args:
        path: the file; its folder is made if need be, an older file is replaced.
        record: the row.

    Raises:
        StorageError: the folder is full, read-only or otherwise not to be written.
    """
    _put(path, [record], _OF_ONE_ROW)
    _sync(path)


def write_merged(path: Path, records: Sequence[Record]) -> None:
    """Write many rows as one Parquet file, which the disk has before it has its name.

    Raises:
        StorageError: the folder is full, read-only or otherwise not to be written.
    """
    _put(path, records, _OF_MANY_ROWS, lasting=True)


def _put(
    path: Path, records: Sequence[Record], options: Mapping[str, Any], lasting: bool = False
) -> None:
    """Write rows in one piece: all processes see them from now on, whoever dies."""
    table = table_of(records)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    with refusals(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                pq.write_table(table, file, write_page_checksum=True, **options)
                if lasting:
                    file.flush()
                    os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        if lasting:
            sync_folder(path.parent)


def _sync(path: Path) -> None:
    """Wait until the disk has a file: from now on it outlives the machine, too.

    One that has gone was merged: its row is on the disk.
    """
    with refusals(path), suppress(FileNotFoundError), path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn what the file system refuses where rows are written into a StorageError."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error}. What was recorded before is kept; make room or make"
            " the folder writable, then resume."
        ) from error


def write_latency(folder: SweepFolder, record: LatencyRecord) -> None:
    """Store a measured latency; one measured before in the same way is replaced.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_record(row_path(folder, record), record)


def write_judged(folder: SweepFolder, record: JudgedRecord) -> None:
    """Store what the test images say of a network.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_record(row_path(folder, record), record)


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
        _put(path, [record], _OF_ONE_ROW)
        self._syncing.append(self._disk.submit(_sync, path))

    def _send(self, path: Path) -> None:
        if self._counterpart is not None:
            self._counterpart.send(path)


def _holds_stage(path: Path, stage: str) -> bool:
    """Whether a file is a whole row of this stage."""
    try:
        rows = contents_of(path, CandidateRecord).rows
    except FileNotFoundError:
        return False
    return [row.stage for row in rows.values()] == [stage]
