"""Reading the rows of a folder, also while others write, merge and remove its files.

Rows of ended trials move from files of their own into merged ones (see `merging`). The merged file
appears first, then the others go, so each row is there at every moment, for a moment twice. What
was merged counts: a file of its own that an orphaned worker writes later changes nothing.
"""

import errno
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import pyarrow as pa
import pyarrow.parquet as pq

from tatl_search.errors import InputError, StorageError
from tatl_search.plausible import impossible
from tatl_search.records import SCHEMA_VERSION
from tatl_search.tracking.naming import MERGED, OF_A_TRIAL, is_merged, row_name
from tatl_search.tracking.schema import Damaged, Record, newest_version, records_of

PATIENCE_S = 10.0
"""Network file systems may list a file for a while that has gone: so long it is looked for."""

PAUSE_S = 0.1

logger = logging.getLogger(__name__)

RowKey = tuple[str, int]
"""Name of a row, and its place among several of a file that is not one of ours."""

_UNREADABLE = (pa.ArrowException, OSError, ValueError)

_Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Contents(Generic[Record]):
    """What one file holds.

    Attributes:
        rows: those that are readable, by name.
        damage: why others are not; null where the file is whole.
    """

    rows: dict[RowKey, Record]
    damage: str | None


@dataclass(frozen=True)
class _File(Generic[Record]):
    """A file as it was read.

    Attributes:
        signature: tells whether it was replaced since.
        rows: what it holds; nothing where it is damaged.
    """

    signature: _Signature
    rows: Mapping[RowKey, Record]


class RowReader(Generic[Record]):
    """Reads the rows of one folder again and again; only new and changed files are opened."""

    def __init__(self, folder: Path, record_class: type[Record]) -> None:
        """Prepare to read.

        Args:
            folder: such as `candidates/` of a sweep; an absent one holds no records.
            record_class: what a row says.
        """
        self._folder = folder
        self._record_class: type[Record] = record_class
        self._files: dict[str, _File[Record]] = {}

    def read(self) -> list[Record]:
        """Return all records, in the order of their names.

        Columns that an older version did not write take the record's defaults. A damaged file is
        left out with a logged warning that names it: one lost row must not hide all others.

        Raises:
            InputError: a row was written by a newer version.
            StorageError: the folder is there and cannot be read: that is not the same as empty.
        """
        names = visit(self._folder, self._take)
        self._files = {name: file for name, file in self._files.items() if name in names}
        rows: dict[RowKey, Record] = {}
        for name in sorted(self._files, key=is_merged):  # what was merged counts
            rows.update(self._files[name].rows)
        return [rows[key] for key in sorted(rows)]

    def forget(self) -> None:
        """Keep nothing of what was read; it is read again where it is asked for."""
        self._files.clear()

    def _take(self, path: Path) -> None:
        found = path.stat()
        signature = (found.st_ino, found.st_size, found.st_mtime_ns)
        known = self._files.get(path.name)
        if known is None or known.signature != signature:
            rows = rows_of(path, self._record_class)
            self._files[path.name] = _File(signature, rows)


def read_records(folder: Path, record_class: type[Record]) -> list[Record]:
    """Read all records of a folder, in the order of their names; see `RowReader`.

    Raises:
        InputError: a row was written by a newer version.
        StorageError: the folder is there and cannot be read.
    """
    return RowReader(folder, record_class).read()


def new_rows(folder: Path, record_class: type[Record], seen: set[str]) -> list[Record]:
    """Return the rows of trials that were not seen before, in the order of their names.

    Args:
        folder: such as `candidates/` of a sweep.
        record_class: what a row says.
        seen: names of rows and files; those that are read now are added.

    Raises:
        InputError: a row was written by a newer version.
        StorageError: the folder is there and cannot be read.
    """
    found: dict[RowKey, Record] = {}

    def take(path: Path) -> None:
        if path.name in seen or not path.name.startswith((OF_A_TRIAL, MERGED)):
            return
        rows: dict[RowKey, Record] = rows_of(path, record_class)
        found.update({key: row for key, row in rows.items() if key[0] not in seen})
        seen.update([path.name, *(name for name, _ in rows)])

    visit(folder, take)
    return [found[key] for key in sorted(found)]


def visit(folder: Path, take: Callable[[Path], None]) -> frozenset[str]:
    """Call a function with every file of rows, until two looks at the folder find the same.

    A folder cannot be listed at one moment: a listing may lack both a file that has just gone
    into a merged one and the merged one.

    Args:
        folder: of the files; it may be absent.
        take: called again for a file that was there before; raises FileNotFoundError where the
            file has gone since it was listed.

    Returns:
        The names of the files of the last look.

    Raises:
        StorageError: the folder is there and cannot be read.
    """
    deadline: float | None = None
    before: frozenset[str] | None = None
    while True:
        names = listed(folder)
        gone = [name for name in sorted(names) if not _taken(folder / name, take)]
        if names == before and not gone:
            return names
        if names == before:
            deadline = deadline or time.monotonic() + PATIENCE_S
            if time.monotonic() > deadline:
                logger.warning("%s is listed in %s and not found there", gone[0], folder)
                return names
            time.sleep(PAUSE_S)
        before = names


def listed(folder: Path) -> frozenset[str]:
    """Return the names of the files of rows in a folder; an absent one holds none.

    Raises:
        StorageError: the folder is there and cannot be read.
    """
    try:
        if not os.access(folder, os.R_OK | os.X_OK):
            if not folder.exists():
                return frozenset()
            raise StorageError(f"{folder} cannot be read: permission denied")
        return frozenset(
            name
            for name in os.listdir(folder)
            if name.endswith(".parquet") and not name.startswith(".")
        )
    except FileNotFoundError:
        return frozenset()


def _taken(path: Path, take: Callable[[Path], None]) -> bool:
    """Let a file be read; return whether it was still there."""
    try:
        take(path)
    except OSError as error:
        if not _has_gone(error):
            raise
        return False
    return True


def rows_of(path: Path, record_class: type[Record]) -> dict[RowKey, Record]:
    """Return what is readable of one file of rows; what is not is logged.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: a row was written by a newer version.
    """
    contents = contents_of(path, record_class)
    if contents.damage is not None and contents.rows:
        logger.warning(
            "%s is damaged: %d of its rows are read, the others are left out: %s",
            path,
            len(contents.rows),
            contents.damage,
        )
    elif contents.damage is not None:
        logger.warning("%s is damaged and left out: %s", path, contents.damage)
    wrong = {key: why for key, row in contents.rows.items() if (why := impossible(row))}
    for (name, _), why in wrong.items():
        logger.warning("%s: the row %s is left out, since %s", path, name, why)
    return {key: row for key, row in contents.rows.items() if key not in wrong}


def contents_of(path: Path, record_class: type[Record]) -> Contents[Record]:
    """Read one file of rows.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: a row was written by a newer version.
    """
    try:
        table, damage = _read(path)
        _refuse_newer(path, newest_version(table))
        return Contents(_named(path, records_of(table, record_class)), damage)
    except Damaged as damaged:
        return Contents({}, str(damaged))


def _read(path: Path) -> tuple[pa.Table, str | None]:
    """Return what is readable of a file, and why it is not all of it."""
    try:
        content = path.read_bytes()
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            try:
                return file.read(use_threads=False), None
            except _UNREADABLE as error:
                return _whole_parts(file, error), str(error)
    except _UNREADABLE as error:
        if _has_gone(error):
            raise
        raise Damaged(str(error)) from error


def _whole_parts(file: pq.ParquetFile, damage: Exception) -> pa.Table:
    """Return the rows of the row groups that are whole; raise the damage where none is."""
    parts = []
    for part in range(file.num_row_groups):
        with suppress(*_UNREADABLE):
            parts.append(file.read_row_group(part, use_threads=False))
    if not parts:
        raise damage
    return pa.concat_tables(parts)


def _named(path: Path, records: Iterable[Record]) -> dict[RowKey, Record]:
    """Return row by name: of a file of its own that is the file's, of others it follows."""
    if not is_merged(path.name):
        return {(path.name, place): record for place, record in enumerate(records)}
    return {(row_name(record), 0): record for record in records}


def _has_gone(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ESTALE)


def _refuse_newer(path: Path, version: int) -> None:
    if version > SCHEMA_VERSION:
        raise InputError(
            f"{path} was written by a newer version (schema {version}; this one reads up to"
            f" {SCHEMA_VERSION}). Upgrade tatl-search to use this sweep."
        )
