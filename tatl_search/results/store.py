"""A sweep as it was found in its folder: manifest, rows, environment; nothing computed."""

import json
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tatl_search.figures import Figure
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import CandidateRecord, JudgedRecord, Kind, TrialRecord
from tatl_search.tracking.reading import RowReader
from tatl_search.tracking.wall_clock import DriverTime, WallClock, read_drivers

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepResults:
    """What a sweep's folder holds.

    Attributes:
        folder: where it lies.
        manifest: the sweep as it was launched.
        candidates: all networks that count: those of the trials, round 0 included, by trial and
            round, then the baselines, then first fine-tunings that no trial begins with.
        roots: first fine-tunings that are nobody's alone; what they cost counts, and most are
            the round 0 of the trials that share them.
        trials: how trials ended, by number; running ones are not among them.
        environment: versions and machine of the last driver; empty if it was not written.
        ended_by: the budget that ended it before its last trial, in words; null for none.
        paused: since when it waits for its storage, in words; null where it does not.
        judged: what test images say of networks; none before `judge` was called.
        drivers: that ran it, in order; none where an earlier version did.
    """

    folder: SweepFolder
    manifest: SweepManifest
    candidates: tuple[CandidateRecord, ...]
    roots: tuple[CandidateRecord, ...]
    trials: tuple[TrialRecord, ...]
    environment: Mapping[str, Any]
    ended_by: str | None = None
    paused: str | None = None
    judged: tuple[JudgedRecord, ...] = ()
    drivers: tuple[DriverTime, ...] = ()

    @property
    def rows(self) -> tuple[CandidateRecord, ...]:
        """All rows, each once: the candidates and the shared first fine-tunings."""
        known = {id(row) for row in self.candidates}
        return self.candidates + tuple(row for row in self.roots if id(row) not in known)

    @property
    def baselines(self) -> tuple[CandidateRecord, ...]:
        """The candidates that were asked for as networks to beat."""
        return tuple(row for row in self.candidates if row.kind is Kind.BASELINE)

    @property
    def images_trained(self) -> int:
        """Images through backward, over all rows."""
        return sum(row.images_trained for row in self.rows)

    @property
    def images_forward(self) -> int:
        """Images through forward only, over all rows."""
        return sum(row.images_forward for row in self.rows)

    @property
    def images_saved(self) -> int:
        """Images through backward that shared stages made unnecessary."""
        return sum(
            row.images_without_reuse - row.images_trained
            for row in self.rows
            if not self._is_unshared(row)
        )

    def _is_unshared(self, row: CandidateRecord) -> bool:
        """Whether it is a first fine-tuning for all trials that none begins with (yet)."""
        shared = row.trial is None and row.kind is Kind.UNPRUNED
        return shared and any(row is candidate for candidate in self.candidates)

    @property
    def seconds(self) -> float:
        """Time spent on all rows, summed over workers."""
        return sum(row.seconds for row in self.rows)

    @property
    def wall_clock(self) -> WallClock | None:
        """The time that the drivers took, from their commands on; null where it was not noted."""
        if not self.drivers:
            return None
        stored = [row.created_at for row in self.rows] + [t.created_at for t in self.trials]
        return WallClock(self.drivers, [datetime.fromisoformat(at) for at in stored])

    @property
    def unpruned(self) -> CandidateRecord | None:
        """The unpruned network that others are measured against; null before the first.

        Of several, as where image sizes are searched, the one with most MACs; of equal ones the
        most accurate.
        """
        rows = [row for row in self.candidates if row.kind is Kind.UNPRUNED]
        return max(rows, key=lambda row: (row.macs, row.accuracy), default=None)

    def reference_cost(self, objective: Figure) -> float | None:
        """Return what costs are shares of: the unpruned network's; null while it is unknown."""
        if objective in self.manifest.reference:
            return self.manifest.reference[objective]
        unpruned = self.unpruned
        cost = math.nan if unpruned is None else objective.of(unpruned)
        return None if math.isnan(cost) else cost


def load_sweep(folder: Path | str) -> SweepResults:
    """Read a sweep's folder, of a finished, running or killed sweep.

    Example:
        >>> import tatl_search
        >>> results = tatl_search.load_sweep("sweeps/first")
        >>> len(results.candidates)
        2
        >>> results.trials[0].stop_reason.value
        'max_rounds'

    Raises:
        InputError: it is no sweep, its manifest is damaged, or a newer version wrote it.
    """
    return SweepReader(folder).read()


class SweepReader:
    """Reads a sweep's folder again and again, while it runs; only new files are opened."""

    def __init__(self, folder: Path | str) -> None:
        """Prepare to read a sweep's folder."""
        self._folder = SweepFolder(Path(folder))
        self._candidates = RowReader(self._folder.candidates, CandidateRecord)
        self._trials = RowReader(self._folder.trials, TrialRecord)
        self._judged = RowReader(self._folder.judged, JudgedRecord)

    def read(self) -> SweepResults:
        """Return the sweep as it is now.

        Raises:
            InputError: it is no sweep, its manifest is damaged, or a newer version wrote it.
        """
        where = self._folder
        manifest = SweepManifest.read(where.root)
        rows = self._candidates.read()
        of_trials = [row for row in rows if row.trial is not None]
        baselines = [row for row in rows if row.kind is Kind.BASELINE]
        roots = [row for row in rows if row.trial is None and row.kind is not Kind.BASELINE]
        begun = {row.stage for row in of_trials}
        alone = [row for row in roots if row.stage not in begun]
        return SweepResults(
            folder=where,
            manifest=manifest,
            candidates=_ordered(of_trials) + _ordered(baselines) + _ordered(alone),
            roots=_ordered(roots),
            trials=tuple(self._trials.read()),
            environment=_environment(where.environment),
            ended_by=_words(where.ended_by),
            paused=_words(where.paused),
            judged=tuple(self._judged.read()),
            drivers=read_drivers(where),
        )


def _words(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _ordered(rows: Iterable[CandidateRecord]) -> tuple[CandidateRecord, ...]:
    return tuple(sorted(rows, key=lambda row: (row.trial or 0, row.round, row.label)))


def _environment(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.warning("%s is damaged and left out: %s", path, error)
        return {}
    return found if isinstance(found, dict) else {}
