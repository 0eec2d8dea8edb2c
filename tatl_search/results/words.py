"""Figures in words, the same in tables, pictures and the report."""

import math

from tatl_search.core.confidence import wilson_interval
from tatl_search.figures import ACCURACY, Figure, Figures, Interval, Unit

UNKNOWN = "not known"


def percent(share: float) -> str:
    """Return a share as a percentage, as in `93.4 %`."""
    return f"{100.0 * share:.1f} %"


def interval(row: Figures, figure: Figure = ACCURACY) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of a candidate's figure; null where it has none."""
    value = figure.of(row)
    if figure.interval is Interval.NONE or not 0.0 <= value <= 1.0:
        return None
    return wilson_interval(value, row.val_images)


def with_interval(row: Figures, figure: Figure = ACCURACY) -> str:
    """Return a share and its 95 % interval, in percent, as in `93.4 (90.6-95.5)`, or `93.4`."""
    value = figure.of(row)
    if math.isnan(value):
        return UNKNOWN
    return percents(value, interval(row, figure))


def percents(share: float, within: tuple[float, float] | None) -> str:
    """Return a share and, where it has one, its interval, in percent without the sign."""
    told = f"{100 * share:.1f}"
    return told if within is None else f"{told} ({100 * within[0]:.1f}-{100 * within[1]:.1f})"


def scaled(number: float) -> str:
    """Return a count with three digits and a unit, as in `4.65 M`."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        # Rounding must not lead to 1000 of the smaller unit.
        if number >= 0.9995 * size:
            return f"{number / size:#.3g}".rstrip(".") + f" {unit}"
    return f"{number:.0f}"


def written(value: float, figure: Figure) -> str:
    """Return a figure with its unit, as in `12.3 M`, `2.40 MB`, `3.21 ms` or `93.4 %`."""
    if math.isnan(value):
        return UNKNOWN
    match figure.unit:
        case Unit.SHARE:
            return percent(value)
        case Unit.PLAIN:
            return f"{value:.3f}"
        case Unit.COUNT:
            return scaled(value)
        case Unit.BYTES:
            return f"{value:.0f} B" if value < 999.5 else f"{scaled(value)}B"
        case Unit.MILLISECONDS:
            return f"{value:#.3g} ms"


def written_out(value: float, figure: Figure) -> str:
    """Return a figure to the last digit that counts, as in `12,345,678` or `3.21 ms`."""
    exact = figure.unit in (Unit.COUNT, Unit.BYTES) and not math.isnan(value)
    return f"{value:,.0f}" if exact else written(value, figure)


def written_with_name(value: float, figure: Figure) -> str:
    """Return a cost with its unit and, where that does not tell, its name: `12.3 M MACs`."""
    tells = figure.unit in (Unit.BYTES, Unit.MILLISECONDS)
    return written(value, figure) if tells else f"{written(value, figure)} {figure.name}"


def times_less(row: Figures, unpruned: Figures, cost: Figure) -> str:
    """Return how many times less a network costs than the unpruned one, as in `2.1x`."""
    times = cost.of(unpruned) / cost.of(row)
    return UNKNOWN if math.isnan(times) else f"{times:.1f}x"
