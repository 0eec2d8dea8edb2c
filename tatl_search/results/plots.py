"""The front as a picture for a paper: first what is to be seen, then the drawing of it."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from tatl_search.config import Objective
from tatl_search.records import CandidateRecord
from tatl_search.results.front import Staircase, front_of, staircase
from tatl_search.results.picture import add_legend, literal, new_figure, save_picture
from tatl_search.results.store import SweepResults
from tatl_search.results.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    hidden_below,
    highest_shown,
    lowest_shown,
)
from tatl_search.results.verdict import lost_baselines
from tatl_search.results.words import interval, percent

MILLION = 1e6
WIDTH_MM = 160.0
KINDS = 5
"""Things that the legend names at most."""


class Point(NamedTuple):
    """One network: MACs in millions, validation accuracy, and its name."""

    macs_m: float
    accuracy: float
    label: str


class FrontPlot(NamedTuple):
    """What the picture shows.

    Attributes:
        title: name of the sweep.
        dominated: candidates off the front.
        trajectories: the rounds of each trial, in order.
        front: candidates on the front, each network once, from large to small.
        intervals: their 95 % confidence intervals.
        line: the best accuracy at each cost.
        unpruned: the network all trials start from.
        baselines: the networks to beat that the front does beat.
        unbeaten: those it does not.
        knee: the front's knee.
        unpruned_macs_m: what shares are taken of; null while unknown.
        lowest: lower end of the accuracy axis.
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
    unpruned_macs_m: float | None
    lowest: float
    highest: float
    hidden: int


def front_plot(results: SweepResults) -> FrontPlot:
    """Gather what the picture shows; the front is that of the sweep's own objectives."""
    front = front_of(results)
    on_front = front.distinct()
    dominated = tuple(
        _point(row) for row, on in zip(results.candidates, front.mask, strict=True) if not on
    )
    rows = results.candidates
    line = staircase(
        [row.macs / MILLION for row in rows], [row.accuracy for row in rows], lower_is_better=False
    )
    unpruned_macs = results.reference_cost(Objective.MACS)
    lost = lost_baselines(results)
    lowest = lowest_shown(results)
    tallest = max((interval(row)[1] for row in (*on_front, *results.baselines)), default=1.0)
    return FrontPlot(
        title=results.manifest.name,
        dominated=dominated,
        trajectories=_trajectories(rows),
        front=tuple(_point(row) for row in on_front),
        intervals=tuple(interval(row) for row in on_front),
        line=line,
        unpruned=None if results.unpruned is None else _point(results.unpruned),
        baselines=tuple(_point(row) for row in results.baselines if row not in lost),
        unbeaten=tuple(_point(row) for row in lost),
        knee=None if front.knee is None else _point(front.knee),
        unpruned_macs_m=None if unpruned_macs is None else unpruned_macs / MILLION,
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


def _point(row: CandidateRecord) -> Point:
    return Point(row.macs / MILLION, row.accuracy, row.label)


def _trajectories(rows: Iterable[CandidateRecord]) -> tuple[tuple[Point, ...], ...]:
    by_trial: dict[int | None, list[Point]] = defaultdict(list)
    for row in rows:
        by_trial[row.trial].append(_point(row))
    return tuple(tuple(points) for points in by_trial.values())


def _draw_candidates(axes: Axes, plot: FrontPlot) -> None:
    for points in plot.trajectories:
        macs, accuracy, _ = zip(*points, strict=True)
        axes.plot(macs, accuracy, color=GREY, alpha=0.35, linewidth=0.7, zorder=1)
    if plot.dominated:
        macs, accuracy, _ = zip(*plot.dominated, strict=True)
        label = "other candidates"
        axes.scatter(macs, accuracy, s=12, color=GREY, alpha=0.45, lw=0, label=label, zorder=2)


def _draw_front(axes: Axes, plot: FrontPlot) -> None:
    if not plot.front:
        return
    axes.plot(*plot.line, color=BLUE, linewidth=1.6, zorder=3)
    macs, accuracy, _ = zip(*plot.front, strict=True)
    low, high = zip(*plot.intervals, strict=True)
    axes.vlines(macs, low, high, color=BLUE, alpha=0.35, linewidth=1.0, zorder=3)
    axes.plot(
        macs, accuracy, "o", color=BLUE, markersize=5, label="front (with 95 % intervals)", zorder=4
    )
    if plot.knee is not None:
        axes.plot(
            plot.knee.macs_m, plot.knee.accuracy, "o", markersize=11, markerfacecolor="none",
            markeredgecolor=VERMILION, markeredgewidth=1.8, linestyle="none", zorder=5,
            label=f"knee: {percent(plot.knee.accuracy)}{_of_macs(plot, plot.knee)}",
        )  # fmt: skip


def _of_macs(plot: FrontPlot, point: Point) -> str:
    if plot.unpruned_macs_m is None:
        return ""
    return f" at {100 * point.macs_m / plot.unpruned_macs_m:.0f} % of the MACs"


def _draw_unpruned_and_baselines(axes: Axes, plot: FrontPlot) -> None:
    if plot.unpruned is not None:
        axes.plot(
            plot.unpruned.macs_m, plot.unpruned.accuracy, "*", color=ORANGE, markersize=15,
            markeredgecolor="black", markeredgewidth=0.6, linestyle="none", zorder=6,
            label=f"unpruned: {percent(plot.unpruned.accuracy)}",
        )  # fmt: skip
    for points, offset, side in (
        (plot.baselines, (6, -5), "left"),
        (plot.unbeaten, (-5, 6), "right"),
    ):
        for point in points:
            axes.plot(
                point.macs_m, point.accuracy, "s", color=GREEN, markersize=7, linestyle="none",
                markeredgecolor="black", markeredgewidth=0.6, zorder=6, label="baselines",
            )  # fmt: skip
            axes.annotate(
                literal(point.label), (point.macs_m, point.accuracy), offset, fontsize=8,
                textcoords="offset points", ha=side, va="top" if side == "left" else "bottom",
                zorder=7, path_effects=[withStroke(linewidth=2.5, foreground="white")],
            )  # fmt: skip


def _draw_axes(axes: Axes, plot: FrontPlot) -> None:
    axes.set_xlabel("MACs of one image, millions")
    axes.set_ylabel("validation accuracy")
    axes.set_xlim(left=0.0)
    axes.set_ylim(plot.lowest, plot.highest)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.grid(color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if plot.hidden:
        note = f"{plot.hidden} candidates lie below the picture"
        axes.set_title(note, loc="right", fontsize=7, color=GREY, style="italic")
