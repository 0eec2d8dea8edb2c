"""What the pictures share: colours, and the parts of the axes worth showing."""

import math
from collections.abc import Iterable

from tatl_search.figures import Figure
from tatl_search.records import CandidateRecord
from tatl_search.results.front import goals_of
from tatl_search.results.store import SweepResults

# Okabe and Ito's colours (jfly.uni-koeln.de/color), told apart by the colour-blind.
BLUE = "#0072B2"
SKY = "#56B4E9"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILION = "#D55E00"
GREY = "#8C8C8C"

DECADE = 10.0
SPAN = 0.25
"""What lies this far below the best accuracy is left out: nobody picks it, and it would press
everything else into the top of the picture. How much is left out is said."""


def lowest_shown(results: SweepResults, quality: Figure | None = None) -> float:
    """Return where the axis of quality starts: baselines and `SPAN` below the best are seen.

    Args:
        results: the sweep.
        quality: of the axis; null for the sweep's own.
    """
    quality = quality or goals_of(results).quality
    found = _known(quality, results.candidates)
    if not found:
        return 0.0
    from_best = max(min(found), max(found) - SPAN)
    return max(0.0, min([from_best, *_known(quality, results.baselines)]) - 0.02)


def _known(figure: Figure, rows: Iterable[CandidateRecord]) -> list[float]:
    return [value for value in map(figure.of, rows) if not math.isnan(value)]


def highest_shown(lowest: float) -> float:
    """Return where the axis of quality ends: a little above 1, so that no marker is cut."""
    return 1.0 + 0.03 * (1.0 - lowest)


def hidden_below(results: SweepResults) -> int:
    """Return how many candidates lie below the part of the axis that is shown."""
    lowest, quality = lowest_shown(results), goals_of(results).quality
    return sum(quality.of(row) < lowest for row in results.candidates)


def is_wide(costs: Iterable[float]) -> bool:
    """Return whether costs span more than a decade, so that their axis is logarithmic."""
    known = [cost for cost in costs if cost > 0]
    return bool(known) and max(known) > DECADE * min(known)


def css_colours() -> str:
    """Return the colours as CSS variables, for both schemes; blue is too dark on dark ground."""
    marks = {
        "front": BLUE, "other": GREY, "knee": VERMILION, "unpruned": ORANGE, "baseline": GREEN,
    }  # fmt: skip
    light = "".join(f"--{name}: {colour}; " for name, colour in marks.items())
    return (
        f":root {{ {light}}}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ --front: {SKY}; }} }}\n"
    )
