"""The files that rows lie in. A row's name follows from what it is, not from when it was written.

A row is first a file of its own, of its name. Rows of trials that have ended are later moved into
merged files, each of which holds many.
"""

import re
from pathlib import Path

from tatl_search.config import plain_settings
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, JudgedRecord, Kind, LatencyRecord, TrialRecord

MERGED = "merged-"
"""How the names of merged files begin."""

OF_A_TRIAL = "trial-"
"""How the names of rows begin that belong to a trial."""


_TRIAL = re.compile(rf"{OF_A_TRIAL}(\d+)(-round-\d+)?\.parquet")

AnyRecord = CandidateRecord | TrialRecord | LatencyRecord | JudgedRecord


def row_path(folder: SweepFolder, record: AnyRecord) -> Path:
    """Return the file that a row is stored in first."""
    match record:
        case JudgedRecord():
            return folder.judged / row_name(record)
        case LatencyRecord():
            return folder.latencies / row_name(record)
        case TrialRecord():
            return folder.trials / row_name(record)
        case CandidateRecord(kind=Kind.CONFIRMATION):
            return folder.confirmations / row_name(record)
        case CandidateRecord(kind=Kind.FINISHED):
            return folder.finished / row_name(record)
        case _:
            return folder.candidates / row_name(record)


def row_name(record: AnyRecord) -> str:
    """Return the name of a row; no two rows of one folder share it."""
    if isinstance(record, CandidateRecord):
        return _candidate_name(record)
    if isinstance(record, TrialRecord):
        return f"trial-{record.trial:05d}.parquet"
    if isinstance(record, JudgedRecord):
        return f"{record.stage[:16]}.parquet"
    threads = "" if record.threads is None else f"-threads-{record.threads}"
    way = f"{_slug(record.device)[:60]}-{record.runtime}-batch-{record.batch}{threads}"
    return f"{record.stage[:16]}-{way}.parquet"


def _candidate_name(record: CandidateRecord) -> str:
    if record.trial is None:
        return f"{_name_without_trial(record)}.parquet"
    trial, round_ = f"trial-{record.trial:05d}", f"round-{record.round:02d}"
    if record.kind is Kind.CONFIRMATION:
        return f"{trial}-seed-{plain_settings(record.settings)['seed']}-{round_}.parquet"
    if record.kind is Kind.FINISHED:
        return f"{trial}-{round_}-{record.stage[:16]}.parquet"
    return f"{trial}-{round_}.parquet"


def _name_without_trial(record: CandidateRecord) -> str:
    match record.kind:
        case Kind.BASELINE | Kind.CONFIRMATION:  # the label of the latter names its seed
            return f"baseline-{_slug(record.label)}"
        case Kind.FINISHED:
            return f"{_slug(record.label)}-{record.stage[:16]}"
        case _:
            return f"root-{record.stage[:16]}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def is_merged(name: str) -> bool:
    """Whether a file of this name holds the rows of many trials."""
    return name.startswith(MERGED)


def trial_of(name: str) -> int | None:
    """Return the trial that a row of this name belongs to; null for what is never merged."""
    found = _TRIAL.fullmatch(name)
    return int(found[1]) if found else None
