"""A sweep in a terminal while it runs: how far, how fast, and the front so far."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tatl_search.config import read_settings
from tatl_search.records import CandidateRecord
from tatl_search.results.braille import dots, merged
from tatl_search.results.front import front_of, goals_of, staircase
from tatl_search.results.pace import Pace, pace
from tatl_search.results.status import status_text, sweep_status
from tatl_search.results.store import SweepResults
from tatl_search.results.style import is_wide, lowest_shown
from tatl_search.results.words import percent, scaled, written

MOST_TRIALS = 8
"""Running trials that have a bar: the rest would push the front out of sight."""

ROWS = 12
MARGIN = 8
WIDEST = 100
STYLES = ("", "bright_blue", "bold")
"""Of dominated candidates, the front's line, and its networks."""

ON_FRONT = 2
NETWORK = "●"


def live_view(results: SweepResults, running: bool, now: datetime, width: int) -> RenderableType:
    """Return a sweep as it stands, for a terminal that is so many characters wide.

    Args:
        results: the sweep as it is now.
        running: whether a driver holds it.
        now: the time until which its pace is taken.
        width: of the terminal.
    """
    going = pace(results, now)
    status = Text(status_text(sweep_status(results, running)))
    rates = Text(rates_text(going, running))
    parts: list[RenderableType] = [_bars(results, running), rates, Text(), status]
    if results.candidates:
        parts += [Text(), front_scatter(results, min(width, WIDEST) - MARGIN - 1)]
    return Group(*parts)


def rates_text(going: Pace, running: bool) -> str:
    """Return a sweep's pace in words."""
    left = "?" if going.left_s is None else str(timedelta(seconds=round(going.left_s)))
    told = f"{scaled(going.images_per_s)} images/s, {going.trials_per_hour:.1f} trials/h"
    return told + (f", {left} left" if running else "")


def front_scatter(results: SweepResults, columns: int) -> Text:
    """Return the candidates, and the front as a line through its networks, in braille dots."""
    goals, front = goals_of(results), front_of(results).distinct()
    known = [row for row in results.candidates if not goals.lacking([row])]
    if not known:
        return Text("No candidate has all figures of the objectives.")
    axis = Across.of(
        [goals.cost.of(row) for row in known], is_wide(goals.cost.of(row) for row in front)
    )
    low, high = lowest_shown(results), max(goals.quality.of(row) for row in known)

    def place(x: float, y: float) -> tuple[float, float]:
        return axis.place(x), (y - low) / (high - low) if high > low else 1.0

    def places(rows: Sequence[CandidateRecord]) -> list[tuple[float, float]]:
        return [place(goals.cost.of(row), goals.quality.of(row)) for row in rows]

    line = staircase(
        [goals.cost.of(row) for row in front], [goals.quality.of(row) for row in front], False
    )
    corners = [place(x, y) for x, y in zip(*line, strict=True)]
    layers = [
        dots(points, columns, ROWS) for points in (places(known), _joined(corners), places(front))
    ]
    text = Text(no_wrap=True)
    for number, cells in enumerate(merged(layers)):
        height = high - (high - low) * number / (ROWS - 1)
        named = number % 4 == 0 or number == ROWS - 1
        text.append(f"{percent(height):>{MARGIN - 1}} " if named else " " * MARGIN)
        for character, layer in cells:
            text.append(NETWORK if layer == ON_FRONT else character, STYLES[layer])
        text.append("\n")
    start = written(axis.least, goals.cost) if axis.least else "0"
    end = f"{written(axis.most, goals.cost)} {goals.cost.name}"
    end += ", logarithmic" if axis.logarithmic else ""
    text.append(" " * MARGIN + start + end.rjust(columns - len(start)))
    return text


class Across(NamedTuple):
    """The axis of the cost, from `least` to `most`."""

    least: float
    most: float
    logarithmic: bool

    @classmethod
    def of(cls, costs: Sequence[float], logarithmic: bool) -> "Across":
        """Return the axis on which all costs have a place; a linear one begins at 0."""
        least = min(costs) if logarithmic else 0.0
        return cls(least, max(costs), logarithmic and least > 0.0)

    def place(self, cost: float) -> float:
        """Return where a cost lies, from 0 to 1."""
        if not self.logarithmic:
            return cost / self.most
        return math.log(cost / self.least) / math.log(self.most / self.least)


def _joined(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return points so close to each other that they make a line."""
    steps = np.linspace(0.0, 1.0, 2 * WIDEST)[:, None]
    pieces = [np.array(a) + steps * (np.array(b) - np.array(a)) for a, b in pairwise(corners)]
    return [(float(x), float(y)) for piece in pieces for x, y in piece]


def _bars(results: SweepResults, running: bool) -> Table:
    """Return how far the sweep is, and each trial that runs."""
    wanted, ended = results.manifest.sweep.trials, len(results.trials)
    grid = Table.grid(padding=(0, 1))
    grid.add_row(_bar(ended, wanted), Text(f"{ended} of {wanted} trials"))
    for row in under_way(results)[:MOST_TRIALS] if running else ():
        settings = read_settings(row.settings)
        most = settings.stop.max_rounds + settings.finish.networks
        grid.add_row(
            _bar(row.round, most),
            Text(
                f"trial {row.trial}, round {row.round} of at most {most}: {percent(row.accuracy)}"
            ),
        )
    return grid


def under_way(results: SweepResults) -> list[CandidateRecord]:
    """Return the last candidate of each trial that has not ended, by trial."""
    ended = {trial.trial for trial in results.trials}
    running = (row for row in results.candidates if row.trial is not None)
    last = {row.trial: row for row in running if row.trial not in ended}
    return list(last.values())


def _bar(completed: int, total: int) -> ProgressBar:
    return ProgressBar(total=max(1, total), completed=completed, width=24)
