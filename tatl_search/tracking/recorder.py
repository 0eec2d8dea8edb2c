"""The process of a recorder: makes runs of trials and confirmations from their stored rows.

`python -m tatl_search.tracking.recorder FOLDER NAME` looks for new rows until its standard input
ends, as it does when a driver is done or has died; then it looks once more and completes its runs.
Which rows are in completed runs stands in the recorder's `recorded.txt`: who is killed leaves the
others to the recorder of the next driver, which waits until this one is gone.
"""

import fcntl
import logging
import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tatl_search.config import RECORDERS, Recorder, plain_settings
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, Kind, TrialRecord
from tatl_search.registry import called
from tatl_search.tracking.naming import row_name
from tatl_search.tracking.reading import new_rows
from tatl_search.tracking.tracker import FailSoft, Runs, Tracker

RECORDED = "recorded.txt"

LOOK_EVERY_S = 1.0
"""Time between two looks for new rows."""

SHARE = 0.05
"""Share of its time that is spent on looking, at most: folders grow."""

NICENESS = 10
"""What is only a copy lets the trials go first."""

NoteRows = Callable[[Sequence[str]], None]


class Recording:
    """Makes the runs of one sweep, each in a thread of its own."""

    def __init__(self, folder: SweepFolder, recorder: Recorder) -> None:
        """Go on after what earlier processes have completed.

        Raises:
            InputError: it is no sweep.
        """
        self._folder = folder
        self._title = recorder.title
        self._runs: Runs = called(recorder.open)(folder)
        self._list = folder.recorder(recorder.name) / RECORDED
        self._seen = set(self._list.read_text().split()) if self._list.is_file() else set()
        self._open: dict[str, Tracker] = {}

    def look(self) -> None:
        """Record the rows that are new; a trial that has ended completes its run."""
        # A trial's row is stored last: where it is seen, those of its networks are there.
        ended = new_rows(self._folder.trials, TrialRecord, self._seen)
        for networks in (self._folder.candidates, self._folder.confirmations):
            for network in new_rows(networks, CandidateRecord, self._seen):
                self._run_of(network).candidate(network)
        for trial in ended:
            self._run_of(trial).trial(trial)
            self._open.pop(_name(trial)).close()

    def close(self) -> None:
        """Complete the runs of what did not end; the process ends when all runs are completed."""
        for run in self._open.values():
            run.close()
        self._open.clear()

    def _run_of(self, row: CandidateRecord | TrialRecord) -> Tracker:
        name = _name(row)
        if name not in self._open:
            run = self._runs.run(name, plain_settings(row.settings))
            self._open[name] = FailSoft(_Noted(run, self._note), self._title)
        return self._open[name]

    def _note(self, rows: Sequence[str]) -> None:
        self._list.parent.mkdir(parents=True, exist_ok=True)
        with self._list.open("a") as file:
            file.write("".join(f"{name}\n" for name in rows))


class _Noted:
    """A tracker whose rows are noted once it is closed."""

    def __init__(self, tracker: Tracker, note: NoteRows) -> None:
        self._tracker = tracker
        self._note = note
        self._rows: list[str] = []

    def candidate(self, record: CandidateRecord) -> None:
        self._tracker.candidate(record)
        self._rows.append(row_name(record))

    def trial(self, record: TrialRecord) -> None:
        self._tracker.trial(record)
        self._rows.append(row_name(record))

    def close(self) -> None:
        self._tracker.close()
        if self._rows:
            self._note(self._rows)


def _name(row: CandidateRecord | TrialRecord) -> str:
    """Return the name of the run that a row belongs to."""
    if isinstance(row, CandidateRecord) and row.kind is Kind.CONFIRMATION:
        return f"confirmation-{row.trial:05d}-seed-{plain_settings(row.settings)['seed']}"
    return f"trial-{row.trial:05d}"


def _wait_for_others(folder: SweepFolder, name: str) -> None:
    """Wait until no other process of the recorder is at it: it would make the same runs again."""
    folder.recorder(name).parent.mkdir(exist_ok=True)
    held = os.open(folder.recording(name), os.O_CREAT | os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)  # until the process ends, and with it the runs' threads


def main() -> None:
    """Record a sweep until the standard input ends."""
    logging.basicConfig(format="%(message)s")
    os.nice(NICENESS)
    folder, recorder = SweepFolder(Path(sys.argv[1])), RECORDERS[sys.argv[2]]
    _wait_for_others(folder, recorder.name)
    recording = Recording(folder, recorder)
    ended = False
    while not ended:
        began = time.monotonic()
        recording.look()
        pause = max(LOOK_EVERY_S, (time.monotonic() - began) / SHARE)
        ended = bool(select.select([sys.stdin], [], [], pause)[0])
    recording.look()
    recording.close()


if __name__ == "__main__":
    main()
