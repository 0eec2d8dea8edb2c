"""What a sweep's folder must hold however often its processes were killed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from tatl_search.adaptation.stages import StageStore
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import CandidateRecord, TrialRecord
from tatl_search.records import TrialState as Ended
from tatl_search.tracking.naming import row_name
from tatl_search.tracking.reading import read_records


@dataclass(frozen=True)
class Snapshot:
    """A sweep's folder at the moment of a fault.

    Attributes:
        rows: name of each stored candidate -> what it says; its file may be merged with others.
        settings: number of each trial handed out -> what was proposed.
    """

    rows: Mapping[str, CandidateRecord]
    settings: Mapping[int, Mapping[str, object]]


def snapshot(folder: Path) -> Snapshot:
    return Snapshot(
        stored_rows(folder), {trial.number: trial.params for trial in stored_trials(folder)}
    )


def stored_rows(folder: Path) -> dict[str, CandidateRecord]:
    """Return what each stored candidate says, by its name."""
    found = read_records(SweepFolder(folder).candidates, CandidateRecord)
    return {row_name(record): record for record in found}


def stored_trials(folder: Path) -> list[FrozenTrial]:
    """Return the study's trials as they stand in the journal."""
    return stored_study(folder).trials


def stored_study(folder: Path) -> optuna.Study:
    """Return the study as it stands in the journal."""
    manifest = SweepManifest.read(folder)
    storage = JournalStorage(JournalFileBackend(str(SweepFolder(folder).journal.resolve())))
    return optuna.load_study(study_name=manifest.name, storage=storage)


@dataclass(frozen=True)
class Audit:
    """What is wrong with a sweep that should be complete; all empty where it is sound.

    Attributes:
        lost: rows and networks that should be there.
        doubled: candidates that are there twice.
        zombies: trials of the study that never ended, or have another number or settings.
        changed: rows that were stored before a fault and are gone or say something else now.
    """

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    zombies: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """All that is wrong."""
        return (*self.lost, *self.doubled, *self.zombies, *self.changed)


def audit(folder: Path, *before: Snapshot) -> Audit:
    """Compare what a complete sweep's folder holds with what it should hold."""
    where = SweepFolder(folder)
    candidates = read_records(where.candidates, CandidateRecord)
    records = read_records(where.trials, TrialRecord)
    there = Counter((record.trial, record.round) for record in candidates)
    expected = {(r.trial, n) for r in records for n in range(r.rounds + 1) if _is_evaluated(r)}
    store = StageStore(where.stages)
    numbers = range(SweepManifest.read(folder).sweep.trials)
    held = {row_name(record): record for record in candidates}
    return Audit(
        lost=(
            *(f"trial {number}" for number in numbers if number not in {r.trial for r in records}),
            *(f"trial {trial} round {n}" for trial, n in sorted(expected) if not there[trial, n]),
            *(f"network of {r.label}" for r in candidates if not _has_network(store, r)),
        ),
        doubled=tuple(str(which) for which, n in there.items() if n > 1 and which[0] is not None),
        zombies=_zombies(folder, len(numbers), before, records),
        changed=tuple(
            name for one in before for name, was in one.rows.items() if held.get(name) != was
        ),
    )


def _has_network(store: StageStore, record: CandidateRecord) -> bool:
    return store.get(record.stage) is not None or store.is_evicted(record.stage)


def _is_evaluated(record: TrialRecord) -> bool:
    """Whether the trial got as far as its first network."""
    return record.infeasible_reason is None or record.rounds > 0


def _zombies(
    folder: Path, trials: int, before: Sequence[Snapshot], records: Sequence[TrialRecord]
) -> tuple[str, ...]:
    found = stored_trials(folder)
    stopped = {record.trial for record in records if record.state is Ended.STOPPED}
    return (
        *(
            f"trial {t.number} is {t.state.name}"
            for t in found
            if t.state != (TrialState.PRUNED if t.number in stopped else TrialState.COMPLETE)
        ),
        *(f"{len(found)} trials, not {trials}" for _ in [0] if len(found) != trials),
        *(
            f"trial {number} has other settings"
            for one in before
            for number, params in one.settings.items()
            if found[number].params != params
        ),
    )
