"""The file of Optuna's journal: one writer, and what a dead one left in it does no harm."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import (
    BaseJournalBackend,
    JournalFileBackend,
    JournalFileSymlinkLock,
)

from tatl_search.errors import InputError

GRACE_S = 3
"""A lock of the journal this old was left by a process that died: an entry takes milliseconds."""

Entry = dict[str, Any]


class _OneWriter(BaseJournalBackend):
    """A journal's file to which only this process writes, several entries at a time.

    Optuna makes an entry of every parameter, each waiting for the disk. Here they wait together.
    """

    def __init__(self, file: JournalFileBackend) -> None:
        self._file = file
        self._unread: deque[Entry] = deque(file.read_logs(0))
        self._unwritten: list[Entry] = []
        self._refused = False
        self._lock = Lock()

    def read_logs(self, log_number_from: int) -> Iterator[Entry]:
        """Yield what was not read yet: at first the file, then what was appended here."""
        while self._unread:
            yield self._unread.popleft()

    def append_logs(self, logs: list[Entry]) -> None:
        """Take entries, to be read at once and written by `flush`."""
        # As the next driver will read them: without tuples and enums.
        as_stored = json.loads(json.dumps(logs))
        with self._lock:
            self._unread.extend(as_stored)
            self._unwritten.extend(as_stored)

    def flush(self) -> None:
        """Write what was appended. Once the storage refused an entry, write nothing behind it.

        Raises:
            OSError: the storage refuses it.
        """
        with self._lock:
            if self._refused or not self._unwritten:
                return
            self._refused = True
            self._file.append_logs(self._unwritten)
            self._refused = False
            self._unwritten.clear()


class Journal(JournalStorage):
    """Optuna's storage in a journal file; what it is told lies there after `flush`."""

    def __init__(self, entries: _OneWriter) -> None:
        self._entries = entries
        super().__init__(entries)

    def flush(self) -> None:
        """Put everything told so far into the file.

        Raises:
            OSError: the storage refuses it.
        """
        self._entries.flush()


def open_journal(path: Path) -> Journal:
    """Open a sweep's journal for its one driver.

    Args:
        path: the file, made if need be; whoever calls holds the sweep.

    Raises:
        InputError: it is damaged.
        OSError: the file cannot be read or written.
    """
    _drop_torn_entry(path)
    # The lock is a link to the file: a relative one dangles, and Optuna waits for it for ever.
    whole = str(path.resolve())
    lock = JournalFileSymlinkLock(whole, grace_period=GRACE_S)
    with _damage_named(path):
        return Journal(_OneWriter(JournalFileBackend(whole, lock)))


def view_journal(path: Path) -> JournalStorage:
    """Open a sweep's journal to look at, also while its driver writes; nothing may be written.

    A last entry that is not whole is passed over: the driver may be about to finish it.

    Raises:
        InputError: it is damaged.
        OSError: the file cannot be read.
    """
    with _damage_named(path):
        return JournalStorage(JournalFileBackend(str(path.resolve(strict=True))))


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Say what helps where a file holds anything but whole entries."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is damaged ({type(error).__name__}: {error}). Delete it and resume the sweep:"
            " the study is made again of the rows, which hold every finished trial"
        ) from error


def _drop_torn_entry(path: Path) -> None:
    """Cut off an entry that was not written to its end: the next one would be glued to it."""
    if not path.is_file():
        return
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
