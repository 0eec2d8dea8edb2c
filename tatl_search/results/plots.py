"""The front as a picture for a paper: first what is to be seen, then the drawing of it."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from tatl_search.core.goals import Goals
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.front import Staircase, front_of, staircase
from tatl_search.results.picture import (
    add_legend,
    dress_axes,
    literal,
    new_figure,
    save_picture,
    scale_of,
)
from tatl_search.results.store import SweepResults
from tatl_search.results.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    hidden_below,
    highest_shown,
    is_wide,
    lowest_shown,
)
from tatl_search.results.words import interval, percent

WIDTH_MM = 160.0
KINDS = 5
"""Things that the legend names at most."""


class Point(NamedTuple):
    """One network: its cost in the unit of the axis, its quality, and its name."""

    cost: float
    quality: float
    label: str


class FrontPlot(NamedTuple):
    """What the picture shows.

    Attributes:
        title: name of the sweep.
        dominated: candidates off the front, baselines aside.
        trajectories: the rounds of each trial, in order.
        front: candidates on the front, each network once, from large to small.
        intervals: their 95 % confidence intervals; empty where the quality has none.
        line: the best accuracy at each cost.
        unpruned: the network all trials start from.
        baselines: the networks to beat that are off the front.
        unbeaten: those on it.
        knee: the front's knee.
        unpruned_cost: what shares are taken of; null while unknown.
        goals: what the axes are of.
        is_wide: whether the front spans more than a decade of the cost: its axis is logarithmic.
        lowest: lower end of the axis of quality.
        highest: its upper end: all intervals are seen.
        hidden: candidates below it.
    """

    title: str
    dominated: tuple[Point, ...]
    trajectories: tuple[tuple[Point, ...], ...]
    front: tuple[Point, ...]
    intervals: tuple[tuple[float, float], ...]
    line: Staircase
    unpruned: Point | None
    baselines: tuple[Point, ...]
    unbeaten: tuple[Point, ...]
    knee: Point | None
    unpruned_cost: float | None
    goals: Goals
    is_wide: bool
    lowest: float
    highest: float
    hidden: int


def front_plot(results: SweepResults) -> FrontPlot:
    """Gather what the picture shows; the front is that of the sweep's own objectives."""
    front = front_of(results)
    goals = front.goals
    on_front = front.distinct()
    dominated = [row for row, on in zip(results.candidates, front.mask, strict=True) if not on]
    trials = _trajectories(results.candidates)
    points = _points(goals, results.candidates)
    on_it = {row.label for row in on_front}
    lowest = lowest_shown(results)
    found = [interval(row, goals.quality) for row in on_front]
    intervals = tuple(each for each in found if each is not None)
    tops = [each[1] for row in results.baselines if (each := interval(row, goals.quality))]
    tallest = max([*tops, *(high for _, high in intervals)], default=1.0)
    whole = goals.reference.get(goals.cost)
    return FrontPlot(
        title=results.manifest.name,
        dominated=_points(goals, (row for row in dominated if row.kind is not Kind.BASELINE)),
        trajectories=tuple(_points(goals, trial) for trial in trials),
        front=_points(goals, on_front),
        intervals=intervals,
        line=staircase([p.cost for p in points], [p.quality for p in points], False),
        unpruned=next(iter(_points(goals, filter(None, [results.unpruned]))), None),
        baselines=_points(goals, (row for row in results.baselines if row.label not in on_it)),
        unbeaten=_points(goals, (row for row in results.baselines if row.label in on_it)),
        knee=next(iter(_points(goals, filter(None, [front.knee]))), None),
        unpruned_cost=None if whole is None else whole / scale_of(goals.cost).size,
        goals=goals,
        is_wide=is_wide(goals.cost.of(row) for row in on_front),
        lowest=lowest,
        highest=min(tallest + 0.02, highest_shown(lowest)),
        hidden=hidden_below(results),
    )


def write_front_picture(results: SweepResults) -> tuple[Path, Path]:
    """Draw the front into `front.png` and `front.svg` of the sweep's folder.

    Returns:
        The paths of the two files.

    Raises:
        StorageError: the folder cannot be written.
    """
    figure = draw(front_plot(results))
    paths = results.folder.root / "front.png", results.folder.root / "front.svg"
    for path in paths:
        save_picture(figure, path)
    return paths


def draw(plot: FrontPlot, width_mm: float = WIDTH_MM, title: bool = True) -> Figure:
    """Draw the picture.

    Args:
        plot: what is to be seen.
        width_mm: its width; the words keep their size.
        title: whether the sweep's name stands above it; a paper has a caption for that.

    Raises:
        InputError: the width is no picture's.
    """
    figure = new_figure(width_mm, KINDS)
    axes = figure.add_subplot()
    _draw_candidates(axes, plot)
    _draw_front(axes, plot)
    _draw_unpruned_and_baselines(axes, plot)
    _draw_axes(axes, plot)
    add_legend(figure, axes)
    if title:
        axes.set_title(literal(plot.title), loc="left", fontsize=10)
    return figure


def _points(goals: Goals, rows: Iterable[CandidateRecord]) -> tuple[Point, ...]:
    """Return where networks lie; those of which an objective is not known lie nowhere."""
    size = scale_of(goals.cost).size
    return tuple(
        Point(goals.cost.of(row) / size, goals.quality.of(row), row.label)
        for row in rows
        if not goals.lacking([row])
    )


def _trajectories(rows: Iterable[CandidateRecord]) -> list[list[CandidateRecord]]:
    by_trial: dict[int | None, list[CandidateRecord]] = defaultdict(list)
    for row in rows:
        if row.trial is not None:
            by_trial[row.trial].append(row)
    return list(by_trial.values())


def _draw_candidates(axes: Axes, plot: FrontPlot) -> None:
    for points in filter(None, plot.trajectories):
        cost, quality, _ = zip(*points, strict=True)
        axes.plot(cost, quality, color=GREY, alpha=0.35, linewidth=0.7, zorder=1)
    if plot.dominated:
        cost, quality, _ = zip(*plot.dominated, strict=True)
        label = "other candidates"
        axes.scatter(cost, quality, s=12, color=GREY, alpha=0.45, lw=0, label=label, zorder=2)


def _draw_front(axes: Axes, plot: FrontPlot) -> None:
    if not plot.front:
        return
    axes.plot(*plot.line, color=BLUE, linewidth=1.6, zorder=3)
    cost, quality, _ = zip(*plot.front, strict=True)
    label = "front"
    if plot.intervals:
        low, high = zip(*plot.intervals, strict=True)
        axes.vlines(cost, low, high, color=BLUE, alpha=0.35, linewidth=1.0, zorder=3)
        label = "front (with 95 % intervals)"
    axes.plot(cost, quality, "o", color=BLUE, markersize=5, label=label, zorder=4)
    if plot.knee is not None:
        axes.plot(
            plot.knee.cost, plot.knee.quality, "o", markersize=11, markerfacecolor="none",
            markeredgecolor=VERMILION, markeredgewidth=1.8, linestyle="none", zorder=5,
            label=f"knee: {percent(plot.knee.quality)}{_of_cost(plot, plot.knee)}",
        )  # fmt: skip


def _of_cost(plot: FrontPlot, point: Point) -> str:
    if plot.unpruned_cost is None:
        return ""
    share = 100 * point.cost / plot.unpruned_cost
    return (
        f" at {share:.2g} % of the {plot.goals.cost.name}"
        if share < 1
        else (f" at {share:.0f} % of the {plot.goals.cost.name}")
    )


def _draw_unpruned_and_baselines(axes: Axes, plot: FrontPlot) -> None:
    if plot.unpruned is not None:
        axes.plot(
            plot.unpruned.cost, plot.unpruned.quality, "*", color=ORANGE, markersize=15,
            markeredgecolor="black", markeredgewidth=0.6, linestyle="none", zorder=6,
            label=f"unpruned: {percent(plot.unpruned.quality)}",
        )  # fmt: skip
    for points, offset, side in (
        (plot.baselines, (6, -5), "left"),
        (plot.unbeaten, (-5, 6), "right"),
    ):
        for point in points:
            axes.plot(
                point.cost, point.quality, "s", color=GREEN, markersize=7, linestyle="none",
                markeredgecolor="black", markeredgewidth=0.6, zorder=6, label="baselines",
            )  # fmt: skip
            axes.annotate(
                literal(point.label), (point.cost, point.quality), offset, fontsize=8,
                textcoords="offset points", ha=side, va="top" if side == "left" else "bottom",
                zorder=7, path_effects=[withStroke(linewidth=2.5, foreground="white")],
            )  # fmt: skip


def _draw_axes(axes: Axes, plot: FrontPlot) -> None:
    dress_axes(axes, plot.goals, plot.is_wide, (plot.lowest, plot.highest))
    if plot.hidden:
        note = f"{plot.hidden} candidates lie below the picture"
        axes.set_title(note, loc="right", fontsize=7, color=GREY, style="italic")
