"""What was measured elsewhere, stored for the candidates of a sweep."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tatl_search.errors import InputError
from tatl_search.plausible import impossible
from tatl_search.records import FINISHED, SCHEMA_VERSION, CandidateRecord, LatencyRecord
from tatl_search.results.store import SweepResults
from tatl_search.tracking.parquet import write_latency
from tatl_search.tracking.reading import read_records

_ROWS = TypeAdapter(list[LatencyRecord])


def bring_back(results: SweepResults, profile: Path) -> list[LatencyRecord]:
    """Store the measurements of a profile for the sweep's candidates they are of.

    What was trained further counts for the candidate it was made from: only weights differ.

    Returns:
        The rows as they were stored.

    Raises:
        InputError: it is no profile, a newer version wrote it, or it is of other networks.
        StorageError: the sweep's folder cannot be written.
    """
    known = _candidates_by_stage(results)
    rows = read_profile(profile)
    if strangers := sorted({row.label for row in rows if row.stage not in known}):
        raise InputError(
            f"{profile} is of networks that {results.folder.root} does not hold:"
            f" {', '.join(strangers)} of sweep {rows[0].sweep}"
        )
    of_candidates = [
        replace(row, stage=known[row.stage].stage, label=known[row.stage].label) for row in rows
    ]
    for row in of_candidates:
        write_latency(results.folder, row)
    return of_candidates


def read_profile(path: Path) -> list[LatencyRecord]:
    """Return the measurements of a file that `profile.write_profile` wrote.

    Raises:
        InputError: it is missing or no such file, or a newer version wrote it.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    try:
        rows = TypeAdapter(Mapping[str, list[dict[str, Any]]]).validate_json(raw)["latency"]
        newest = max((int(row["schema_version"]) for row in rows), default=0)
        if newest > SCHEMA_VERSION:
            raise InputError(
                f"{path} was written by a newer version (schema {newest}; this one reads up to"
                f" {SCHEMA_VERSION}). Upgrade tatl-search to bring it back."
            )
        records = _ROWS.validate_python(rows)
    except (KeyError, ValueError, ValidationError) as error:
        raise InputError(
            f"{path} is no profile, as `tatl-search latency FOLDER --output` writes it"
            f" ({' '.join(str(error).split())})"
        ) from error
    for row in records:
        if wrong := impossible(row):
            raise InputError(f"{path} holds what cannot be: {row.label}: {wrong}; measure again")
    return records


def _candidates_by_stage(results: SweepResults) -> dict[str, CandidateRecord]:
    by_label = {row.label: row for row in results.candidates}
    known = {row.stage: row for row in reversed(results.candidates)}
    for finished in read_records(results.folder.finished, CandidateRecord):
        if origin := by_label.get(finished.label.removesuffix(FINISHED)):
            known[finished.stage] = origin
    return known
