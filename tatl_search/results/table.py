"""The front as a table: the unpruned network, the front from large to small, other baselines."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from tatl_search.core.goals import Goals
from tatl_search.figures import ACCURACY, MACS, PARAMETERS, SIZE_BYTES, Figure, Unit
from tatl_search.records import CandidateRecord
from tatl_search.results.front import front_of, goals_of, within_bounds
from tatl_search.results.judgement import Judgement, judgement_of
from tatl_search.results.store import SweepResults
from tatl_search.results.verdict import lacking_text, verdict, worth_text
from tatl_search.results.words import percents, times_less, with_interval, written
from tatl_search.results.work import work_of

__all__ = ["Row", "Sections", "candidates_table", "front_table", "sections", "verdict"]

_ALWAYS = (ACCURACY, MACS, PARAMETERS, SIZE_BYTES)


class Row(NamedTuple):
    """One network in words; `points`, `share` and `less` are against the unpruned network.

    `test` is there where the sweep was judged; `more` are the objectives that have no column
    otherwise.
    """

    network: str
    accuracy: str
    test: tuple[str, ...]
    points: str
    macs: str
    share: str
    less: str
    parameters: str
    size: str
    more: tuple[str, ...]
    is_knee: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in the columns."""
        known = (self.network, self.accuracy, *self.test, self.points, self.macs, self.share)
        return (*known, self.less, self.parameters, self.size, *self.more)


class Sections(NamedTuple):
    """The rows of the table; the first are empty until the unpruned network is trained.

    `baselines` are those off the front.
    """

    unpruned: list[Row]
    front: list[Row]
    baselines: list[Row]


def front_table(results: SweepResults) -> Table:
    """Return the table for a terminal of 80 columns, the verdict on the baselines below it."""
    return _table(results, f"Front of {results.manifest.name}", sections(results))


def candidates_table(results: SweepResults) -> Table:
    """Return the same table with all candidates, by trial and round; a `*` marks the front."""
    front = front_of(results)
    unpruned, judgement = results.unpruned, judgement_of(results)
    every = [
        _row(results, unpruned, row, judgement)._replace(network=row.label + (" *" if on else ""))
        for row, on in zip(results.candidates, front.mask, strict=True)
    ]
    title = f"Candidates of {results.manifest.name} (* on the front)"
    return _table(results, title, [every])


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
    goals = goals_of(results)
    less = f"less\n{goals.cost.name}"
    table.add_column("network")
    interval = "accuracy, %\n(95 % interval)"
    more = [_heading(figure) for figure in _more(goals)]
    test = [] if judgement_of(results) is None else ["test, %\n(95 % interval)"]
    for name in (interval, *test, "points", "MACs", "share", less, "parameters", "size", *more):
        # Narrow columns fold what they hold: an ellipsis would stand for figures.
        table.add_column(name, justify="right", overflow="fold")
    for section in rows:
        for row in section:
            table.add_row(*map(Text, row.cells), style="bold" if row.is_knee else "")
        table.add_row()
    return table


def _more(goals: Goals) -> tuple[Figure, ...]:
    """Return the objectives that no other column shows."""
    return tuple(figure for figure in goals.objectives if figure not in _ALWAYS)


def _heading(figure: Figure) -> str:
    return f"{figure.name}, %" if figure.unit is Unit.SHARE else figure.name


def sections(results: SweepResults) -> Sections:
    """Return the rows in words: unpruned, front, baselines off it."""
    front = front_of(results)
    unpruned, judgement = results.unpruned, judgement_of(results)
    knee_stage = None if front.knee is None else front.knee.stage
    first = [] if unpruned is None else [unpruned]
    others = [row for row in front.distinct() if row.stage not in {one.stage for one in first}]
    stages = {row.stage for row in front.members()}
    beaten = [row for row in results.baselines if row.stage not in stages]

    def rows(of: Iterable[CandidateRecord]) -> list[Row]:
        return [
            _row(results, unpruned, row, judgement)._replace(is_knee=row.stage == knee_stage)
            for row in of
        ]

    return Sections(rows(first), rows(others), rows(beaten))


def _caption(results: SweepResults) -> str:
    front = front_of(results)
    if front.knee is None:
        return " ".join(part for part in (verdict(results), lacking_text(front)) if part)
    networks = front.distinct()
    told = [
        "Validation accuracy; points, share and times less are against the unpruned network.",
        f"The knee is {front.knee.label}.",
    ]
    if results.manifest.sweep.bounds.given:
        kept = len(within_bounds(results.manifest, networks))
        told.append(f"{kept} of the front's {len(networks)} networks keep to the bounds.")
    told += filter(None, [lacking_text(front)])
    judgement = judgement_of(results)
    judged = () if judgement is None else (str(judgement),)
    work = f"{work_of(results)}."
    return "\n".join([" ".join(told), worth_text(front), *judged, work, verdict(results)])


def _row(
    results: SweepResults,
    unpruned: CandidateRecord | None,
    row: CandidateRecord,
    judgement: Judgement | None,
) -> Row:
    """Return a network in words; without the unpruned one nothing is said against it."""
    whole, goals = results.reference_cost(MACS), goals_of(results)
    itself = unpruned is not None and row.stage == unpruned.stage
    points, less = "", ""
    if unpruned is not None and not itself:
        change = 100 * (goals.quality.of(row) - goals.quality.of(unpruned))
        points = "" if math.isnan(change) else f"{change:+.1f}"
        less = times_less(row, unpruned, goals.cost)
    return Row(
        network="unpruned" if itself else row.label,
        accuracy=with_interval(row),
        test=() if judgement is None else (_on_test(judgement, row),),
        points=points,
        macs=written(row.macs, MACS),
        share=f"{100 * row.macs / whole:.0f} %" if whole else "",
        less=less,
        parameters=written(row.parameters, PARAMETERS),
        size=written(row.size_bytes, SIZE_BYTES),
        more=tuple(_cell(row, figure) for figure in _more(goals)),
        is_knee=False,
    )


def _on_test(judgement: Judgement, row: CandidateRecord) -> str:
    found = judgement.accuracy_of(row)
    return "" if found is None else percents(found.accuracy, (found.low, found.high))


def _cell(row: CandidateRecord, figure: Figure) -> str:
    if figure.unit is Unit.SHARE:
        return with_interval(row, figure)
    return written(figure.of(row), figure)
