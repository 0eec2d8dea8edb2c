"""The front as an interactive figure: figures and settings under the pointer, axes to choose."""

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import plotly.graph_objects as go

from tatl_search.config import Objective
from tatl_search.records import CandidateRecord
from tatl_search.results.front import costs, front_of, main_cost, staircase
from tatl_search.results.store import SweepResults
from tatl_search.results.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    highest_shown,
    lowest_shown,
)
from tatl_search.results.varied import flat, varied
from tatl_search.results.words import COST_NAMES, accuracy_with_interval, cost


class View(NamedTuple):
    """A choice of axes: the score upwards, the cost to the right."""

    score: str
    cost: Objective

    @property
    def lower_is_better(self) -> bool:
        """Whether the score is to be minimised."""
        return self.score == "loss"

    @property
    def title(self) -> str:
        """The choice in words."""
        return f"{self.score} against {COST_NAMES[self.cost]}"


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
            [None if row is None else getattr(row, view.cost.value) for row in self.rows],
            [None if row is None else getattr(row, view.score) for row in self.rows],
        )


def views(results: SweepResults) -> list[View]:
    """Return the choices of axes, that of the sweep's own objectives first."""
    first = main_cost(results.manifest)
    order = [first, *(o for o in Objective if o not in (first, Objective.ACCURACY))]
    return [View(score, cost) for score in ("accuracy", "loss") for cost in order]


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
    own = "front of " + ", ".join(["accuracy", *(COST_NAMES[c] for c in costs(results.manifest))])
    keys = varied([row.settings for row in results.candidates])

    def points(rows: Sequence[CandidateRecord | None], name: str, **marker: Any) -> Layer:
        present = [row for row in rows if row is not None]
        text = [_hover(row, keys) for row in present]
        style = {"mode": "markers", "name": name, "text": text, "hoverinfo": "text"}
        return Layer(present, {**style, "marker": marker})

    return [
        Layer(
            _interrupted(results.candidates),
            {
                "mode": "lines", "name": "trials", "hoverinfo": "skip", "opacity": 0.4,
                "line": {"color": GREY, "width": 0.8},
            },
        ),
        points([row for row, on in pairs if not on], "other candidates", color=GREY, size=6),
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
    for row in rows:
        if line and row.round == 0:
            line.append(None)
        line.append(row)
    return line


def _hover(row: CandidateRecord, keys: Sequence[str]) -> str:
    """Return what the pointer shows, as the HTML subset that plotly draws."""
    settings = flat(row.settings)
    lines = [
        f"<b>{escape(row.label)}</b>",
        f"accuracy {accuracy_with_interval(row)} %, loss {row.loss:.3f}",
        ", ".join(
            f"{cost(getattr(row, objective.value), objective)} {name}"
            for objective, name in COST_NAMES.items()
        ),
        f"{row.image_size} px, {escape(row.network)}",
        *(f"{escape(key)}: {escape(settings[key])}" for key in keys if key in settings),
    ]
    return "<br>".join(lines)


def _button(results: SweepResults, layers: Sequence[Layer], view: View) -> dict[str, Any]:
    rows = results.candidates
    line = staircase(
        [getattr(row, view.cost.value) for row in rows],
        [getattr(row, view.score) for row in rows],
        view.lower_is_better,
    )
    data = [layer.data(view) for layer in layers]
    traces = {
        "x": [line.cost, *(where.x for where in data)],
        "y": [line.score, *(where.y for where in data)],
    }
    return {"label": view.title, "method": "update", "args": [traces, _layout(results, view)]}


def _layout(results: SweepResults, view: View) -> dict[str, Any]:
    """Return axes and legend; good scores are where the legend is not."""
    unit = ", bytes" if view.cost is Objective.SIZE_BYTES else ""
    across = {
        "title": {"text": COST_NAMES[view.cost] + unit}, "tickformat": "~s", "rangemode": "tozero",
    }  # fmt: skip
    upwards: dict[str, Any] = {"title": {"text": f"validation {view.score}"}}
    if view.score == "accuracy":
        lowest = lowest_shown(results)
        upwards |= {"tickformat": ".0%", "range": [lowest, highest_shown(lowest)]}
    edge = "top" if view.lower_is_better else "bottom"
    legend = {
        "x": 0.99, "y": 0.98 if view.lower_is_better else 0.02, "xanchor": "right", "yanchor": edge,
    }  # fmt: skip
    return {"xaxis": across, "yaxis": upwards, "legend": legend}


def _show(figure: go.Figure, button: dict[str, Any]) -> None:
    traces, layout = button["args"]
    for trace, x, y in zip(figure.data, traces["x"], traces["y"], strict=True):
        trace.update(x=x, y=y)
    figure.update_layout(layout)
