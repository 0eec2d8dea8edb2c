"""A drawn figure as a file for a paper: fonts inside, and the same bytes for the same figure."""

import io
import math
import warnings
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, NullFormatter

from tatl_search.core.goals import Goals
from tatl_search.errors import InputError, StorageError
from tatl_search.figures import Figure as Measure
from tatl_search.figures import Unit
from tatl_search.files import write_durably
from tatl_search.results.fonts import fonts_for

MM_PER_INCH = 25.4
NARROWEST_MM, WIDEST_MM = 60.0, 500.0
_SHAPE = 0.65
_LINE_MM = 5.0
_NAME_MM = 53.0


class Format(StrEnum):
    """What a picture can be written as; the suffix of its file."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


_UNDATED: Mapping[Format, Mapping[str, None]] = {
    Format.PNG: {},
    Format.SVG: {"Date": None},
    Format.PDF: {"CreationDate": None},
}


def picture_format(path: Path) -> Format:
    """Return what a picture is written as, by its file's suffix.

    Raises:
        InputError: the suffix is none of them.
    """
    try:
        return Format(path.suffix.lower().removeprefix("."))
    except ValueError:
        known = ", ".join(f".{known.value}" for known in Format)
        raise InputError(
            f"a picture is written as {known}; '{path}' ends in none of them"
        ) from None


def new_figure(width_mm: float, named: int) -> Figure:
    """Return an empty figure, without any window or global state of matplotlib.

    Args:
        width_mm: its width, such as a column's of a paper.
        named: how many things the legend below it names.

    Raises:
        InputError: it would be too narrow for its words, or wider than any page.
    """
    if not NARROWEST_MM <= width_mm <= WIDEST_MM:
        raise InputError(
            f"a picture is {NARROWEST_MM:g} to {WIDEST_MM:g} mm wide (got {width_mm:g})"
        )
    height_mm = _SHAPE * width_mm + _LINE_MM * math.ceil(named / _columns(width_mm))
    size = width_mm / MM_PER_INCH, height_mm / MM_PER_INCH
    return Figure(figsize=size, layout="constrained")


def _columns(width_mm: float) -> int:
    return max(1, int(width_mm / _NAME_MM))


def add_legend(figure: Figure, axes: Axes) -> None:
    """Name what the axes show, each once, below them: there it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    if once:
        figure.legend(
            once.values(), once.keys(), loc="outside lower center", fontsize=8, frameon=False,
            ncols=_columns(figure.get_figwidth() * MM_PER_INCH), handletextpad=0.4,
        )  # fmt: skip


class Scale(NamedTuple):
    """The unit in which an axis counts a figure, and its name."""

    size: float
    name: str


def scale_of(figure: Measure) -> Scale:
    """Return the unit of an axis."""
    match figure.unit:
        case Unit.COUNT:
            return Scale(1e6, "millions")
        case Unit.BYTES:
            return Scale(1e6, "MB")
        case Unit.MILLISECONDS:
            return Scale(1.0, "ms")
        case _:
            return Scale(1.0, "")


def dress_axes(axes: Axes, goals: Goals, is_wide: bool, shown: tuple[float, float]) -> None:
    """Name the axes of a front and give them ticks.

    Args:
        axes: with everything drawn.
        goals: whose quality stands against whose cost.
        is_wide: whether the axis of the cost is logarithmic; otherwise it starts at 0.
        shown: ends of the axis of quality.
    """
    axes.set_xlabel(f"{goals.cost.title}, {scale_of(goals.cost).name}")
    axes.set_ylabel(goals.quality.title)
    if is_wide:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(lambda cost, _: f"{cost:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(left=0.0)
    axes.set_ylim(*shown)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.grid(color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _choose_fonts(figure: Figure) -> None:
    """Let names that the default font cannot write be written by others, where there are such."""
    written: list[Text] = figure.findobj(Text)
    families = fonts_for(text.get_text() for text in written)
    if len(families) > 1:
        for text in written:
            text.set_fontfamily(families)


def save_picture(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the file's suffix names; an older file is replaced.

    Raises:
        InputError: the suffix names no format.
        StorageError: the file cannot be written; an older one is kept.
    """
    kind = picture_format(path)
    drawn = io.BytesIO()
    embedded = matplotlib.rc_context(
        {
            "pdf.fonttype": 42,  # TrueType: journals refuse matplotlib's Type 3
            "svg.fonttype": "path",  # looks the same where the font is missing
            "svg.hashsalt": "tatl-search",  # names inside the file are drawn at random otherwise
        }
    )
    _choose_fonts(figure)
    with embedded, warnings.catch_warnings():
        # Where no font has a letter, its place is seen to be empty.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(drawn, format=kind.value, dpi=300, metadata=dict(_UNDATED[kind]))
    try:
        write_durably(path, drawn.getvalue())
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error


def literal(text: str) -> str:
    """Return a user's words so that matplotlib reads no `$` in them as mathematics."""
    return text.replace("$", r"\$")
