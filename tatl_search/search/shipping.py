"""A running sweep's files on their way to its URI and back, beside the driver."""

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tatl_search.adaptation.opening import open_store
from tatl_search.errors import InputError, TatlError
from tatl_search.manifest import SweepFolder
from tatl_search.remote.mirror import Mirror, mirror_of
from tatl_search.results.front import front_of
from tatl_search.results.store import load_sweep

EVERY_S = 10.0
"""Time between two looks at what is to be sent and brought: what a lost disk takes along.

Trials that were handed out since are known by their rows, see `readmission`.
"""

AT_ONCE = 8
"""Requests under way at a time where many files are replaced."""

logger = logging.getLogger(__name__)


class Shipping:
    """Sends a driver's files and brings the rows of other machines, in a thread of its own.

    For a driver it is where rows also lie: what it writes is sent later, so that no report waits.
    """

    def __init__(self, folder: SweepFolder, mirror: Mirror) -> None:
        self._folder = folder
        self._mirror = mirror
        self._unsent: set[Path] = set()
        self._sent: dict[Path, tuple[int, int]] = {}
        self._one_at_a_time = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipping", daemon=True)

    def send(self, path: Path) -> None:
        """Store a row's file with the next look."""
        self._unsent.add(path)

    def bring(self, path: Path) -> bool:
        """Bring nothing now: rows come down by themselves."""
        return False

    def replace(self, new: Sequence[Path], old: Sequence[Path]) -> None:
        """Store rows that were merged here, then remove the files that they lay in.

        Nothing is brought down meanwhile: it might be what is being removed.

        Raises:
            StorageError: the storage stays away for too long.
        """
        with self._one_at_a_time, ThreadPoolExecutor(AT_ONCE) as pool:
            self._unsent.difference_update(new, old)
            for work, paths in ((self._mirror.send, new), (self._mirror.remove, old)):
                for _ in pool.map(work, paths):
                    pass  # what went wrong is raised here

    def begin(self) -> None:
        """Make folder and URI agree, then keep them so until the end.

        Raises:
            InputError: the sweep went on elsewhere since this folder was last used.
            StorageError: the storage stays away for too long.
        """
        self._folder.paused.unlink(missing_ok=True)
        self._refuse_older()
        there = {path for rows in self._folder.rows for path in self._mirror.names(rows)}
        here = {path for rows in self._folder.rows for path in rows.glob("*.parquet")}
        self._unsent |= here - there
        for path in sorted(self._folder.data.glob("*.arrow")):
            self._mirror.settle(path)
        self.ship()
        self._mirror.settle(self._folder.manifest)  # last: without it there is no sweep
        self._thread.start()

    def ship(self) -> None:
        """Send what is new here, and bring down the rows that are new elsewhere.

        Raises:
            StorageError: the storage stays away for too long.
            OSError: this machine's disk refuses a write.
        """
        with self._one_at_a_time:
            for rows in self._folder.rows:
                self._bring_rows(rows)
            for path in list(self._unsent):
                self._unsent.discard(path)  # first: it may be written again meanwhile
                self._mirror.send(path)
            for path in _files(self._folder):
                self._send_changed(path)

    def bring_front(self) -> None:
        """Bring down the front's networks, so that they can be picked here.

        Raises:
            StorageError: the storage stays away for too long.
        """
        store = open_store(self._folder, self._mirror)
        for row in front_of(load_sweep(self._folder.root)).distinct():
            store.find(row.stage)

    def end(self) -> None:
        """Ship no more; who waits for the storage gives up."""
        self._ended.set()
        self._mirror.give_up()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(EVERY_S):
            try:
                self.ship()
            except (TatlError, OSError) as error:
                logger.warning("the sweep was not sent to %s: %s", self._mirror.uri, error)

    def _bring_rows(self, rows: Path) -> None:
        for path, size in self._mirror.names(rows).items():
            differs = not path.exists() or path.stat().st_size != size
            if differs and path not in self._unsent:
                self._mirror.bring(path)

    def _send_changed(self, path: Path) -> None:
        if not path.is_file():
            return
        found = path.stat()
        state = (found.st_size, found.st_mtime_ns)
        if self._sent.get(path) != state:
            self._mirror.send(path)
            self._sent[path] = state

    def _refuse_older(self) -> None:
        """Refuse a folder whose journal, which only grows, has grown elsewhere."""
        journal = self._folder.journal
        here = journal.stat().st_size if journal.exists() else 0
        there = self._mirror.size(journal) or 0
        if here < there:
            raise InputError(
                f"{self._folder.root} is older than {self._mirror.uri}: the sweep went on"
                " elsewhere. Move the folder away, then resume from the URI."
            )


@contextmanager
def shipping(folder: SweepFolder) -> Iterator[Shipping | None]:
    """Keep a driver's folder and its URI alike while it runs, and at its end; null without a URI.

    Raises:
        InputError: the sweep went on elsewhere since this folder was last used.
        StorageError: the storage stays away for too long.
    """
    mirror = mirror_of(folder)
    if mirror is None:
        yield None
        return
    shipped = Shipping(folder, mirror)
    shipped.begin()
    try:
        yield shipped
        shipped.ship()
    finally:
        shipped.end()


def _files(folder: SweepFolder) -> tuple[Path, ...]:
    """Return the files of a driver that change while it runs."""
    pictures = (folder.root / name for name in ("report.html", "front.png", "front.svg"))
    kept = (folder.latency, folder.environment, folder.drivers, folder.journal, folder.ended_by)
    return (*kept, *pictures)
