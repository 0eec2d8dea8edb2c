"""Fronts of several arms in one picture for a paper."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tatl_search.core.goals import Goals
from tatl_search.errors import InputError
from tatl_search.results.arms import Arm, shared_goals
from tatl_search.results.front import Floats, Staircase, staircase
from tatl_search.results.picture import add_legend, dress_axes, literal, new_figure, scale_of
from tatl_search.results.store import SweepResults
from tatl_search.results.style import (
    BLUE,
    GREEN,
    ORANGE,
    SKY,
    SPAN,
    VERMILION,
    highest_shown,
    is_wide,
)

PURPLE = "#CC79A7"
"""The last of Okabe and Ito's colours (results/style.py) but yellow, which paper swallows."""

LOOKS = (
    (BLUE, "o", "-"), (VERMILION, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"),
    (ORANGE, "v", "-"), (SKY, "P", "--"), ("black", "X", "-."),
)  # fmt: skip
"""Colour, marker and line of each arm: told apart without colours too."""


class Line(NamedTuple):
    """One arm as it is drawn; costs in the unit of their axis.

    Attributes:
        label: for the legend.
        sweeps: the front of each sweep.
        mean: mean over the sweeps of the best accuracy at each cost all of them reach.
    """

    label: str
    sweeps: tuple[Staircase, ...]
    mean: Staircase


def lines(arms: Sequence[Arm], goals: Goals) -> tuple[Line, ...]:
    """Return what is drawn of each arm."""
    return tuple(
        Line(_label(arm), fronts, mean_staircase(fronts))
        for arm in arms
        for fronts in [tuple(_front(results, goals) for results in arm.sweeps)]
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
    goals = shared_goals(arms)
    figure = new_figure(width_mm, len(arms))
    axes = figure.add_subplot()
    drawn = lines(arms, goals)
    for line, look in zip(drawn, LOOKS, strict=False):
        _draw(axes, line, *look)
    scores = [score for line in drawn for score in line.mean.score]
    lowest = max(0.0, max(scores) - SPAN, min(scores) - 0.02)
    shown = lowest, min(max(scores) + 0.03, highest_shown(lowest))
    is_log = any(is_wide(front.cost) for line in drawn for front in line.sweeps)
    dress_axes(axes, goals, is_log, shown)
    add_legend(figure, axes)
    return figure


def _label(arm: Arm) -> str:
    several = f" (mean of {len(arm.sweeps)})" if len(arm.sweeps) > 1 else ""
    return literal(arm.label) + several


def _front(results: SweepResults, goals: Goals) -> Staircase:
    rows, size = results.candidates, scale_of(goals.cost).size
    return staircase(
        [goals.cost.of(row) / size for row in rows],
        [goals.quality.of(row) for row in rows],
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
