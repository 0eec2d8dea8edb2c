"""Latency as it was measured, by the way networks were run; and the sweep's own estimate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tatl_search.core.setups import Setup
from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, LatencyRecord
from tatl_search.tracking.reading import read_records

ESTIMATE = "estimate"
"""What names the sweep's own estimate where a device is asked for."""


@dataclass(frozen=True)
class Latencies:
    """Latency of the networks of a sweep, all run in one way.

    Attributes:
        origin: for people: on what and how they were measured, or that they are estimates.
        by_stage: milliseconds of one pass, by key of the stage; what is unknown is missing.
    """

    origin: str
    by_stage: Mapping[str, float]

    def of(self, row: CandidateRecord) -> float | None:
        """Return the milliseconds of one pass of a network; null where they are unknown."""
        return self.by_stage.get(row.stage)


def measured_latency(folder: SweepFolder) -> list[LatencyRecord]:
    """Return every measured latency of a sweep."""
    return read_records(folder.latencies, LatencyRecord)


def by_setup(rows: Iterable[LatencyRecord]) -> dict[Setup, dict[str, LatencyRecord]]:
    """Return measurements by the way networks were run, then by key of the stage.

    The ways come by device, then smallest batch first, ONNX Runtime before torch.
    """
    found: dict[Setup, dict[str, LatencyRecord]] = {}
    for row in rows:
        found.setdefault(Setup.of(row), {})[row.stage] = row
    return dict(sorted(found.items(), key=lambda entry: _order(entry[0])))


def latencies(
    folder: SweepFolder, candidates: Iterable[CandidateRecord], asked: str | None
) -> Latencies:
    """Return the latencies that are meant.

    Args:
        folder: the sweep's.
        candidates: its networks, which hold the estimates.
        asked: `estimate`, or parts of what names a way to run them, separated by commas, as in
            `xeon, batch 32, torch`. Of several ways on one device the smallest batch is taken,
            ONNX Runtime before torch, then the fewest threads.

    Raises:
        InputError: nothing was measured so, several devices are meant, or there are no estimates.
    """
    if asked == ESTIMATE:
        return _estimates(candidates)
    measured = by_setup(measured_latency(folder))
    if not measured:
        raise InputError(
            f"no latency was measured: run tatl-search latency {folder.root}, or go by the sweep's"
            " own estimates with --device estimate"
        )
    words = [word.strip().casefold() for word in (asked or "").split(",")]
    meant = [setup for setup in measured if setup.is_meant_by([word for word in words if word])]
    if len({setup.device for setup in meant}) != 1:
        wrong = "is on several devices" if meant else f"was not on '{asked}'"
        listed = "\n".join(f"  {setup}" for setup in meant or measured)
        raise InputError(
            f"what was measured {wrong}; say which with --device and a part of a name:\n{listed}"
        )
    setup, rows = meant[0], measured[meant[0]]
    return Latencies(
        f"measured on {setup}", {stage: record.p50_ms for stage, record in rows.items()}
    )


def _estimates(candidates: Iterable[CandidateRecord]) -> Latencies:
    known = {row.stage: row.latency_ms for row in candidates if row.latency_ms is not None}
    if not known:
        raise InputError("this sweep holds no estimates of latency; measure: tatl-search latency")
    return Latencies("estimated, one image", known)


def _order(setup: Setup) -> tuple[str, int, str, int]:
    return (setup.device, setup.batch, setup.runtime.value, setup.threads or 0)
