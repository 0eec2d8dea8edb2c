"""Rows of trials that have ended move from files of their own into merged files.

At any moment each row is in at least one file: a merged file is on the disk, and behind the URI,
before those whose rows it holds are removed, there first and then here. A kill in between leaves
rows that are there twice; readers take the merged one, and the next driver removes the other. So
it does with a file that an orphaned worker writes late.

One process at a time may merge: the driver that holds the sweep. A merged file never changes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import uuid4

from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, TrialRecord
from tatl_search.tracking.naming import MERGED, is_merged, row_name, trial_of
from tatl_search.tracking.parquet import refusals, write_merged, write_record
from tatl_search.tracking.reading import Contents, contents_of, listed

BATCH = 512
"""Rows of a merged file: enough that its own cost is a tenth of theirs, few to lose by damage."""

Row = TypeVar("Row", CandidateRecord, TrialRecord)


class Elsewhere(Protocol):
    """Where rows also lie, for other machines."""

    def replace(self, new: Sequence[Path], old: Sequence[Path]) -> None:
        """Store new files, then remove old ones."""


@dataclass(frozen=True)
class _Held:
    """What a merged file holds.

    Attributes:
        names: of its rows.
        trials: that these belong to.
    """

    names: frozenset[str]
    trials: frozenset[int]

    @classmethod
    def of(cls, names: Collection[str]) -> "_Held":
        return cls(frozenset(names), _trials(names))


class Merger:
    """Merges the rows of one sweep."""

    def __init__(
        self,
        folder: SweepFolder,
        elsewhere: Elsewhere | None = None,
        leave: Collection[int] = (),
    ) -> None:
        """Prepare to merge.

        Args:
            folder: of the sweep; the caller is its one driver.
            elsewhere: where its rows also lie; null for nowhere.
            leave: trials whose rows keep files of their own, since the trials run again.
        """
        self._folder = folder
        self._elsewhere = elsewhere
        self._leave = frozenset(leave)
        self._known: dict[Path, _Held | None] = {}
        self._left_alone: set[Path] = set()

    def clear_up(self) -> None:
        """Remove what a merge that was killed has left behind.

        Raises:
            StorageError: the storage refused.
        """
        for rows in (self._folder.candidates, self._folder.trials):
            for part in rows.glob(f".{MERGED}*.part"):
                part.unlink(missing_ok=True)
        self._clear_up(self._folder.candidates, CandidateRecord)
        self._clear_up(self._folder.trials, TrialRecord)

    def merge(self) -> bool:
        """Merge a batch of rows where there are enough, and remove those that came late.

        Returns:
            Whether there may be more to do.

        Raises:
            InputError: a row was written by a newer version.
            StorageError: the storage refused.
        """
        # Before the candidates are looked for: a trial's row is stored last.
        ended = self._ended() - self._leave
        more = self._merge(self._folder.candidates, CandidateRecord, ended)
        return self._merge(self._folder.trials, TrialRecord, ended) or more

    def separate(self) -> None:
        """Give the rows of trials that run again files of their own, as if never merged.

        What a damaged merged file still holds is taken out of it, too: the trials that the rest
        was of run again.

        Raises:
            StorageError: the storage refused.
        """
        if not self._leave:
            return
        self._separate(self._folder.candidates, CandidateRecord)
        self._separate(self._folder.trials, TrialRecord)

    def _ended(self) -> frozenset[int]:
        merged = self._merged(self._folder.trials, TrialRecord).values()
        own = _trials(listed(self._folder.trials))
        return own.union(*(held.trials for held in merged))

    def _merge(self, rows: Path, record_class: type[Row], ended: Collection[int]) -> bool:
        merged = self._merged(rows, record_class).values()
        own = [rows / name for name in sorted(listed(rows)) if trial_of(name) in ended]
        late = {path for path in own if any(path.name in held.names for held in merged)}
        self._replace([], sorted(late))
        ready = [path for path in own if path not in late and path not in self._left_alone]
        if len(ready) < BATCH:
            return False
        batch = self._whole(ready[:BATCH], record_class)
        if len(batch) == BATCH:  # otherwise with others, without those that are now left alone
            self._replace([self._write(rows, batch)], [rows / name for name in batch])
        return True

    def _whole(self, paths: Sequence[Path], record_class: type[Row]) -> dict[str, Row]:
        """Return the rows of files, by their names; a file that is not what it seems is not."""
        found: dict[str, Row] = {}
        for path in paths:
            row = _row_of(path, record_class)
            if row is None:
                self._left_alone.add(path)
            else:
                found[path.name] = row
        return found

    def _separate(self, rows: Path, record_class: type[Row]) -> None:
        for path in _merged_in(rows):
            contents = contents_of(path, record_class)
            held: dict[str, Row] = {name: row for (name, _), row in contents.rows.items()}
            again = {name: row for name, row in held.items() if row.trial in self._leave}
            if not again and contents.damage is None:
                continue
            for name, row in again.items():
                write_record(rows / name, row)
            rest = {name: row for name, row in held.items() if name not in again}
            new = [rows / name for name in again]
            new += [self._write(rows, rest)] if rest else []
            if contents.damage is not None:
                path.replace(rows / f".{path.name}.damaged")
            self._replace(new, [path])

    def _clear_up(self, rows: Path, record_class: type[Row]) -> None:
        merged = self._merged(rows, record_class)
        kept: list[frozenset[str]] = []
        gone: list[Path] = []
        for path, held in sorted(merged.items(), key=lambda item: (-len(item[1].names), item[0])):
            if any(held.names <= names for names in kept):
                gone.append(path)
            else:
                kept.append(held.names)
        own = sorted(name for name in listed(rows) if trial_of(name) is not None)
        gone += [rows / name for name in own if any(name in names for names in kept)]
        self._replace([], gone)

    def _merged(self, rows: Path, record_class: type[Row]) -> dict[Path, _Held]:
        """Return the merged files of a folder that are whole, and what they hold."""
        found = {}
        for path in _merged_in(rows):
            if path not in self._known:
                contents = contents_of(path, record_class)
                names = [name for name, _ in contents.rows]
                self._known[path] = None if contents.damage else _Held.of(names)
            if (held := self._known[path]) is not None:
                found[path] = held
        return found

    def _write(self, rows: Path, batch: Mapping[str, Row]) -> Path:
        """Write a merged file; when it has its name the disk has it."""
        held = _Held.of(batch)
        first, last = min(held.trials), max(held.trials)
        path = rows / f"{MERGED}{first:05d}-{last:05d}-{uuid4().hex[:8]}.parquet"
        write_merged(path, [*batch.values()])
        self._known[path] = held
        return path

    def _replace(self, new: Sequence[Path], old: Sequence[Path]) -> None:
        """Remove files whose rows others hold: behind the URI first, or they would come back."""
        if self._elsewhere is not None and (new or old):
            self._elsewhere.replace(new, old)
        for path in old:
            with refusals(path):
                path.unlink(missing_ok=True)


def _row_of(path: Path, record_class: type[Row]) -> Row | None:
    """Return the row of a file of its own; null where it is not what the file is called."""
    contents: Contents[Row] = contents_of(path, record_class)
    row = contents.rows.get((path.name, 0))
    named = row is not None and row_name(row) == path.name
    return row if named and len(contents.rows) == 1 else None


def _merged_in(rows: Path) -> list[Path]:
    return sorted(rows / name for name in listed(rows) if is_merged(name))


def _trials(names: Collection[str]) -> frozenset[int]:
    return frozenset(number for name in names if (number := trial_of(name)) is not None)
