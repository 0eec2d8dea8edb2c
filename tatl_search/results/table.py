"""The front as a table: the unpruned network, the front from large to small, the baselines."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from tatl_search.config import Objective
from tatl_search.records import CandidateRecord
from tatl_search.results.front import front_of, main_cost
from tatl_search.results.store import SweepResults
from tatl_search.results.verdict import verdict
from tatl_search.results.words import accuracy_with_interval, against, cost

__all__ = ["COLUMNS", "front_table", "rows_of_table", "verdict"]

COLUMNS = (
    "network", "trial", "round", "validation accuracy (95 %)", "MACs", "parameters", "size",
    "against the unpruned network",
)  # fmt: skip


def front_table(results: SweepResults) -> Table:
    """Return the table for a terminal, with the verdict on the baselines below it."""
    # Names come from users: as Text they are never read as markup.
    table = Table(
        title=Text(f"Front of {results.manifest.name}"),
        caption=Text(verdict(results)),
        caption_justify="left",
    )
    for position, name in enumerate(COLUMNS):
        table.add_column(name, justify="right" if 0 < position < len(COLUMNS) - 1 else "left")
    for section in rows_of_table(results):
        for cells in section:
            table.add_row(*(Text(cell) for cell in cells))
        table.add_section()
    return table


def rows_of_table(results: SweepResults) -> tuple[list[tuple[str, ...]], ...]:
    """Return the rows in words, in three sections: unpruned, front, baselines."""
    front = front_of(results)
    unpruned = results.unpruned
    if unpruned is None:
        return [], [], []
    knee_stage = None if front.knee is None else front.knee.stage
    pruned = [row for row in front.distinct() if row.stage != unpruned.stage]

    def rows(of: Iterable[CandidateRecord]) -> list[tuple[str, ...]]:
        return [_cells(results, row, row.stage == knee_stage) for row in of]

    return rows([unpruned]), rows(pruned), rows(results.baselines)


def _cells(results: SweepResults, row: CandidateRecord, is_knee: bool) -> tuple[str, ...]:
    unpruned = results.unpruned
    compared = unpruned is not None and row.stage != unpruned.stage
    return (
        (row.label if row.trial is None else row.kind.value) + (" (knee)" if is_knee else ""),
        "" if row.trial is None else str(row.trial),
        "" if row.trial is None else str(row.round),
        accuracy_with_interval(row),
        _with_share(results, row, Objective.MACS),
        cost(row.parameters, Objective.PARAMETERS),
        cost(row.size_bytes, Objective.SIZE_BYTES),
        against(row, unpruned, main_cost(results.manifest)) if unpruned and compared else "",
    )


def _with_share(results: SweepResults, row: CandidateRecord, objective: Objective) -> str:
    own, whole = getattr(row, objective.value), results.reference_cost(objective)
    return cost(own, objective) + (f" ({100 * own / whole:.0f} %)" if whole else "")
