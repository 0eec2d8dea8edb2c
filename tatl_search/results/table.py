"""The front as a table: the unpruned network, the front from large to small, the baselines."""

from collections.abc import Iterable
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from tatl_search.config import Objective
from tatl_search.records import CandidateRecord
from tatl_search.results.front import front_of, main_cost, within_bounds
from tatl_search.results.store import SweepResults
from tatl_search.results.verdict import verdict
from tatl_search.results.words import COST_NAMES, accuracy_with_interval, cost, times_less

__all__ = ["Row", "Sections", "candidates_table", "front_table", "sections", "verdict"]


class Row(NamedTuple):
    """One network in words; `points`, `share` and `less` are against the unpruned network."""

    network: str
    accuracy: str
    points: str
    macs: str
    share: str
    less: str
    parameters: str
    size: str
    is_knee: bool


class Sections(NamedTuple):
    """The rows of the table; the first and second are empty until there is a candidate."""

    unpruned: list[Row]
    front: list[Row]
    baselines: list[Row]


def front_table(results: SweepResults) -> Table:
    """Return the table for a terminal of 80 columns, the verdict on the baselines below it."""
    return _table(results, f"Front of {results.manifest.name}", sections(results))


def candidates_table(results: SweepResults) -> Table:
    """Return the same table with all candidates, by trial and round; a `*` marks the front."""
    front = front_of(results)
    unpruned = results.unpruned
    every = [
        _row(results, unpruned, row)._replace(network=row.label + (" *" if on else ""))
        for row, on in zip(results.candidates, front.mask, strict=True)
        if unpruned is not None
    ]
    title = f"Candidates of {results.manifest.name} (* on the front)"
    return _table(results, title, [every, sections(results).baselines])


def _table(results: SweepResults, title: str, rows: Iterable[Iterable[Row]]) -> Table:
    # Names come from users: as Text they are never read as markup.
    table = Table(
        title=Text(title),
        caption=Text(_caption(results)),
        caption_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    less = f"less\n{COST_NAMES[main_cost(results.manifest)]}"
    table.add_column("network")
    interval = "accuracy, %\n(95 % interval)"
    for name in (interval, "points", "MACs", "share", less, "parameters", "size"):
        table.add_column(name, justify="right")
    for section in rows:
        for row in section:
            table.add_row(*map(Text, row[:-1]), style="bold" if row.is_knee else "")
        table.add_row()
    return table


def sections(results: SweepResults) -> Sections:
    """Return the rows in words: unpruned, front, baselines."""
    front = front_of(results)
    unpruned = results.unpruned
    if unpruned is None:
        return Sections([], [], [])
    knee_stage = None if front.knee is None else front.knee.stage
    pruned = [row for row in front.distinct() if row.stage != unpruned.stage]

    def rows(of: Iterable[CandidateRecord]) -> list[Row]:
        return [
            _row(results, unpruned, row)._replace(is_knee=row.stage == knee_stage) for row in of
        ]

    return Sections(rows([unpruned]), rows(pruned), rows(results.baselines))


def _caption(results: SweepResults) -> str:
    knee = front_of(results).knee
    if knee is None:
        return verdict(results)
    bounds = results.manifest.sweep.bounds.given
    front = front_of(results).distinct()
    kept = len(within_bounds(results.manifest, front))
    told = f" {kept} of the front's {len(front)} networks keep to the bounds." if bounds else ""
    return (
        "Validation accuracy; points, share and times less are against the unpruned network."
        f" The knee is {knee.label}.{told}\n{verdict(results)}"
    )


def _row(results: SweepResults, unpruned: CandidateRecord, row: CandidateRecord) -> Row:
    whole = results.reference_cost(Objective.MACS)
    itself = row.stage == unpruned.stage
    return Row(
        network="unpruned" if itself else row.label,
        accuracy=accuracy_with_interval(row),
        points="" if itself else f"{100 * (row.accuracy - unpruned.accuracy):+.1f}",
        macs=cost(row.macs, Objective.MACS),
        share=f"{100 * row.macs / whole:.0f} %" if whole else "",
        less="" if itself else times_less(row, unpruned, main_cost(results.manifest)),
        parameters=cost(row.parameters, Objective.PARAMETERS),
        size=cost(row.size_bytes, Objective.SIZE_BYTES),
        is_knee=False,
    )
