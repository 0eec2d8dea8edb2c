"""The file of Optuna's journal, opened so that what a dead writer left in it does no harm."""

from pathlib import Path

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

GRACE_S = 3
"""A lock of the journal this old was left by a process that died: an entry takes milliseconds."""


def open_journal(path: Path) -> JournalStorage:
    """Open a sweep's journal for its one driver.

    Args:
        path: the file, made if need be; whoever calls holds the sweep.

    Raises:
        OSError: the file cannot be read or written.
    """
    _drop_torn_entry(path)
    # The lock is a link to the file: a relative one dangles, and Optuna waits for it for ever.
    whole = str(path.resolve())
    lock = JournalFileSymlinkLock(whole, grace_period=GRACE_S)
    return JournalStorage(JournalFileBackend(whole, lock))


def _drop_torn_entry(path: Path) -> None:
    """Cut off an entry that was not written to its end: the next one would be glued to it."""
    if not path.is_file():
        return
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
