"""Fronts of several arms in one picture for a paper."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tatl_search.config import Objective
from tatl_search.errors import InputError
from tatl_search.results.arms import Arm, shared_costs
from tatl_search.results.front import Floats, Staircase, staircase, value
from tatl_search.results.picture import add_legend, literal, new_figure
from tatl_search.results.store import SweepResults
from tatl_search.results.style import (
    BLUE,
    GREEN,
    ORANGE,
    SKY,
    SPAN,
    VERMILION,
    highest_shown,
)
from tatl_search.results.words import COST_NAMES

PURPLE = "#CC79A7"
"""The last of Okabe and Ito's colours (results/style.py) but yellow, which paper swallows."""

LOOKS = (
    (BLUE, "o", "-"), (VERMILION, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"),
    (ORANGE, "v", "-"), (SKY, "P", "--"), ("black", "X", "-."),
)  # fmt: skip
"""Colour, marker and line of each arm: told apart without colours too."""

MEGA = 1e6


class Line(NamedTuple):
    """One arm as it is drawn; costs in millions.

    Attributes:
        label: for the legend.
        sweeps: the front of each sweep.
        mean: mean over the sweeps of the best accuracy at each cost all of them reach.
    """

    label: str
    sweeps: tuple[Staircase, ...]
    mean: Staircase


def lines(arms: Sequence[Arm], cost: Objective) -> tuple[Line, ...]:
    """Return what is drawn of each arm."""
    return tuple(
        Line(_label(arm), fronts, mean_staircase(fronts))
        for arm in arms
        for fronts in [tuple(_front(results, cost) for results in arm.sweeps)]
    )


def mean_staircase(fronts: Sequence[Staircase]) -> Staircase:
    """Return the mean of step functions over the costs that all of them reach."""
    start = max(front.cost[0] for front in fronts)
    end = max(front.cost[-1] for front in fronts)
    edges = np.unique([c for front in fronts for c in front.cost if start <= c] + [start, end])
    mean = np.mean([_at(front, edges) for front in fronts], axis=0)
    return Staircase(
        np.repeat(edges, 2)[1:].tolist(),
        np.repeat(mean, 2)[:-1].tolist(),
    )


def draw_comparison(arms: Sequence[Arm], width_mm: float) -> Figure:
    """Draw the fronts of all arms: each sweep's faint, the mean of an arm's strong.

    Raises:
        InputError: there are more arms than can be told apart, or the width is no picture's.
    """
    if len(arms) > len(LOOKS):
        raise InputError(f"{len(LOOKS)} arms can be told apart in a picture, not {len(arms)}")
    cost = shared_costs(arms)[0]
    figure = new_figure(width_mm, len(arms))
    axes = figure.add_subplot()
    drawn = lines(arms, cost)
    for line, look in zip(drawn, LOOKS, strict=False):
        _draw(axes, line, *look)
    _draw_axes(axes, cost, [score for line in drawn for score in line.mean.score])
    add_legend(figure, axes)
    return figure


def _label(arm: Arm) -> str:
    several = f" (mean of {len(arm.sweeps)})" if len(arm.sweeps) > 1 else ""
    return literal(arm.label) + several


def _front(results: SweepResults, cost: Objective) -> Staircase:
    rows = results.candidates
    return staircase(
        [value(row, cost) / MEGA for row in rows],
        [row.accuracy for row in rows],
        lower_is_better=False,
    )


def _at(front: Staircase, costs: Floats) -> Floats:
    """Return a step function's score at each cost, from its first one on."""
    last = np.searchsorted(front.cost, costs, side="right") - 1
    return np.asarray(front.score)[last]


def _draw(axes: Axes, line: Line, colour: str, marker: str, style: str) -> None:
    if len(line.sweeps) > 1:
        for front in line.sweeps:
            axes.plot(*front, color=colour, alpha=0.35, linewidth=0.7, linestyle=style)
    # Every second corner is a network; a mean's corners are none, so marks are spread along it.
    marks = slice(0, None, 2) if len(line.sweeps) == 1 else 0.15
    axes.plot(
        *line.mean, color=colour, linestyle=style, linewidth=1.8, marker=marker, markersize=5,
        markevery=marks, label=line.label,
    )  # fmt: skip


def _draw_axes(axes: Axes, cost: Objective, scores: Sequence[float]) -> None:
    best = max(scores)
    lowest = max(0.0, best - SPAN, min(scores) - 0.02)
    unit = "MB" if cost is Objective.SIZE_BYTES else "millions"
    axes.set_xlabel(f"{COST_NAMES[cost]}, {unit}")
    axes.set_ylabel("validation accuracy")
    axes.set_xlim(left=0.0)
    axes.set_ylim(lowest, min(best + 0.03, highest_shown(lowest)))
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.grid(color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
