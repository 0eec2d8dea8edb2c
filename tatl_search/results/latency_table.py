"""Measured latency as a table: a section for each way networks were run."""

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from tatl_search.core.setups import Setup
from tatl_search.figures import MACS
from tatl_search.records import CandidateRecord, LatencyRecord
from tatl_search.results.latency_error import estimate_error
from tatl_search.results.words import written


def latency_tables(
    candidates: Sequence[CandidateRecord],
    measured: Mapping[Setup, Mapping[str, LatencyRecord]],
) -> Group:
    """Return a table for each way networks were run, from large to small, estimates beside it.

    Estimates are of one image: they stand beside batches of one only.

    Args:
        candidates: the sweep's networks.
        measured: by way, then by key of the stage.
    """
    tables = (_table(candidates, setup, rows) for setup, rows in measured.items())
    return Group(*(part for table in tables for part in (table, Text())))


def _table(
    candidates: Sequence[CandidateRecord], setup: Setup, measured: Mapping[str, LatencyRecord]
) -> Table:
    error = estimate_error(candidates, measured) if setup.batch == 1 else None
    table = Table(
        title=Text(str(setup)),
        title_justify="left",
        caption=Text(str(error) if error else ""),
        caption_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    table.add_column("network")
    for name in ("MACs", "estimate, ms", "p50, ms", "p90, ms", "noise", "images/s"):
        table.add_column(name, justify="right")
    by_stage = {row.stage: row for row in reversed(candidates)}
    largest_first = sorted(measured.values(), key=lambda record: -record.p50_ms)
    for record in largest_first:
        table.add_row(*map(Text, _cells(record, by_stage.get(record.stage))))
    return table


def _cells(record: LatencyRecord, candidate: CandidateRecord | None) -> tuple[str, ...]:
    estimate = candidate.latency_ms if candidate and record.batch == 1 else None
    return (
        record.label,
        written(candidate.macs, MACS) if candidate else "",
        "" if estimate is None else f"{estimate:.2f}",
        f"{record.p50_ms:.2f}",
        f"{record.p90_ms:.2f}",
        f"{100 * record.noise:.0f} %",
        f"{1000 * record.batch / record.p50_ms:.0f}",
    )
