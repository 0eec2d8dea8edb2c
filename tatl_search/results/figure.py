"""The front as an interactive figure: figures and settings under the pointer, axes to choose."""

from collections.abc import Sequence
from html import escape
from itertools import filterfalse
from typing import Any, NamedTuple

import plotly.graph_objects as go

from tatl_search.figures import Figure, Unit
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.axes import known_figures
from tatl_search.results.front import front_of, goals_of, staircase
from tatl_search.results.store import SweepResults
from tatl_search.results.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    highest_shown,
    is_wide,
    lowest_shown,
)
from tatl_search.results.varied import flat, varied
from tatl_search.results.words import with_interval, written

_UNITS = {Unit.BYTES: ", bytes", Unit.MILLISECONDS: ", ms"}


class View(NamedTuple):
    """A choice of axes: the score upwards, the cost to the right."""

    score: Figure
    cost: Figure

    @property
    def title(self) -> str:
        """The choice in words."""
        return f"{self.score.name} against {self.cost.name}"


class Coordinates(NamedTuple):
    """Where a layer's networks lie in a view; a null interrupts a line."""

    x: list[float | None]
    y: list[float | None]


class Layer(NamedTuple):
    """Networks drawn alike; a null among the rows interrupts a line."""

    rows: Sequence[CandidateRecord | None]
    style: dict[str, Any]

    def data(self, view: View) -> Coordinates:
        """Return the coordinates in a view."""
        return Coordinates(
            [None if row is None else getattr(row, view.cost.key) for row in self.rows],
            [None if row is None else getattr(row, view.score.key) for row in self.rows],
        )


def views(results: SweepResults) -> list[View]:
    """Return the choices of axes, that of the sweep's own objectives first."""
    goals, known = goals_of(results), known_figures(results)
    costs, scores = [*filter(_is_cost, known)], [*filterfalse(_is_cost, known)]
    return [
        View(score, cost)
        for score in dict.fromkeys((goals.quality, *scores))
        for cost in dict.fromkeys((goals.cost, *costs))
    ]


def front_figure(results: SweepResults) -> go.Figure:
    """Draw the front with a menu of axes.

    Filled markers are the front of the sweep's own objectives in every view; the line is what is
    best at each cost in the view shown.
    """
    layers = _layers(results)
    choices = views(results)
    figure = go.Figure()
    figure.add_scatter(
        mode="lines", line={"color": BLUE, "width": 2}, name="best at each cost", hoverinfo="skip"
    )
    for layer in layers:
        figure.add_scatter(**layer.style)
    buttons = [_button(results, layers, view) for view in choices]
    _show(figure, buttons[0])
    figure.update_layout(
        template="plotly_white",
        height=560,
        margin={"l": 70, "r": 20, "t": 60, "b": 60},
        hoverlabel={"align": "left"},
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.12, "yanchor": "top"}],
    )
    return figure


def _layers(results: SweepResults) -> list[Layer]:
    front = front_of(results)
    pairs = list(zip(results.candidates, front.mask, strict=True))
    goals = front.goals
    own = "front of " + ", ".join(each.name for each in (*goals.qualities, *goals.costs))
    drawn = [row for row in results.candidates if row.trial is not None]
    others = [row for row, on in pairs if not on and row.kind is not Kind.BASELINE]
    keys, figures = varied([row.settings for row in drawn]), known_figures(results)

    def points(rows: Sequence[CandidateRecord | None], name: str, **marker: Any) -> Layer:
        present = [row for row in rows if row is not None]
        text = [_hover(row, keys, figures) for row in present]
        style = {"mode": "markers", "name": name, "text": text, "hoverinfo": "text"}
        return Layer(present, {**style, "marker": marker})

    return [
        Layer(
            _interrupted(drawn),
            {
                "mode": "lines", "name": "trials", "hoverinfo": "skip", "opacity": 0.4,
                "line": {"color": GREY, "width": 0.8},
            },
        ),
        points(others, "other candidates", color=GREY, size=6),
        points([row for row, on in pairs if on], own, color=BLUE, size=9),
        points(
            [front.knee], "knee", color=VERMILION, size=16, symbol="circle-open", line={"width": 3}
        ),
        points(
            [results.unpruned], "unpruned", color=ORANGE, size=16, symbol="star",
            line={"color": "black", "width": 1},
        ),
        points(
            results.baselines, "baselines", color=GREEN, size=10, symbol="square",
            line={"color": "black", "width": 1},
        ),
    ]  # fmt: skip


def _interrupted(rows: Sequence[CandidateRecord]) -> list[CandidateRecord | None]:
    """Return the rows with a null between trials."""
    line: list[CandidateRecord | None] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if before is not None and before.trial != row.trial:
            line.append(None)
        line.append(row)
    return line


def _is_cost(figure: Figure) -> bool:
    """Whether it says how large a network is, rather than how good."""
    return figure.is_goal and not figure.higher_is_better


def _in_words(row: CandidateRecord, figure: Figure) -> str:
    if _is_cost(figure):
        return f"{written(figure.of(row), figure)} {figure.name}"
    if figure.unit is Unit.SHARE:
        return f"{figure.name} {with_interval(row, figure)} %"
    return f"{figure.name} {written(figure.of(row), figure)}"


def _hover(row: CandidateRecord, keys: Sequence[str], figures: Sequence[Figure]) -> str:
    """Return what the pointer shows, as the HTML subset that plotly draws."""
    settings = flat(row.settings)
    lines = [
        f"<b>{escape(row.label)}</b>",
        ", ".join(_in_words(row, each) for each in figures if not _is_cost(each)),
        ", ".join(_in_words(row, each) for each in figures if _is_cost(each)),
        f"{row.image_size} px, {escape(row.network)}",
        *(f"{escape(key)}: {escape(settings[key])}" for key in keys if key in settings),
    ]
    return "<br>".join(lines)


def _button(results: SweepResults, layers: Sequence[Layer], view: View) -> dict[str, Any]:
    rows = results.candidates
    line = staircase(
        [view.cost.of(row) for row in rows],
        [view.score.of(row) for row in rows],
        lower_is_better=not view.score.higher_is_better,
    )
    data = [layer.data(view) for layer in layers]
    traces = {
        "x": [line.cost, *(where.x for where in data)],
        "y": [line.score, *(where.y for where in data)],
    }
    return {"label": view.title, "method": "update", "args": [traces, _layout(results, view)]}


def _layout(results: SweepResults, view: View) -> dict[str, Any]:
    """Return axes and legend; good scores are where the legend is not."""
    unit = _UNITS.get(view.cost.unit, "")
    wide = is_wide(view.cost.of(row) for row in front_of(results).distinct())
    across = {
        "title": {"text": view.cost.title + unit}, "tickformat": "~s",
        "type": "log" if wide else "linear", "rangemode": "normal" if wide else "tozero",
    }  # fmt: skip
    upwards: dict[str, Any] = {"title": {"text": view.score.title}}
    if view.score.unit is Unit.SHARE:
        lowest = lowest_shown(results, view.score)
        upwards |= {"tickformat": ".0%", "range": [lowest, highest_shown(lowest)]}
    high = not view.score.higher_is_better
    legend = {
        "x": 0.99, "y": 0.98 if high else 0.02, "xanchor": "right",
        "yanchor": "top" if high else "bottom",
    }  # fmt: skip
    return {"xaxis": across, "yaxis": upwards, "legend": legend}


def _show(figure: go.Figure, button: dict[str, Any]) -> None:
    traces, layout = button["args"]
    for trace, x, y in zip(figure.data, traces["x"], traces["y"], strict=True):
        trace.update(x=x, y=y)
    figure.update_layout(layout)
