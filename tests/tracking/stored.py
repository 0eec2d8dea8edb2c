"""Rows of made trials in a folder, stored as workers do."""

from collections.abc import Sequence

from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, TrialRecord
from tatl_search.tracking.parquet import ParquetTracker
from tatl_search.tracking.reading import read_records
from tests.tracking.made import made_candidate, made_trial

ROUNDS = 3


def store(folder: SweepFolder, trials: Sequence[int], ended: bool = True) -> None:
    """Store the rows of trials, as their workers do."""
    tracker = ParquetTracker(folder)
    for trial in trials:
        for number in range(ROUNDS):
            tracker.candidate(candidate(trial, number))
        if ended:
            tracker.trial(made_trial(trial=trial))
    tracker.settle()


def candidate(trial: int, number: int, stage: str = "a") -> CandidateRecord:
    label = f"trial {trial} round {number}"
    return made_candidate(trial=trial, round=number, label=label, stage=f"{stage}{trial}-{number}")


def rows(folder: SweepFolder) -> tuple[list[CandidateRecord], list[TrialRecord]]:
    return (
        read_records(folder.candidates, CandidateRecord),
        read_records(folder.trials, TrialRecord),
    )
