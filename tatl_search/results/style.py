"""What the pictures share: colours, and the part of the accuracy axis worth showing."""

from tatl_search.results.store import SweepResults

# Okabe and Ito's colours (jfly.uni-koeln.de/color), told apart by the colour-blind.
BLUE = "#0072B2"
SKY = "#56B4E9"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILION = "#D55E00"
GREY = "#8C8C8C"

SPAN = 0.25
"""What lies this far below the best accuracy is left out: nobody picks it, and it would press
everything else into the top of the picture. How much is left out is said."""


def lowest_shown(results: SweepResults) -> float:
    """Return where the accuracy axis starts: baselines and `SPAN` below the best are seen."""
    accuracies = [row.accuracy for row in results.candidates]
    if not accuracies:
        return 0.0
    from_best = max(min(accuracies), max(accuracies) - SPAN)
    return max(0.0, min([from_best, *(row.accuracy for row in results.baselines)]) - 0.02)


def highest_shown(lowest: float) -> float:
    """Return where the accuracy axis ends: a little above 1, so that no marker is cut."""
    return 1.0 + 0.03 * (1.0 - lowest)


def hidden_below(results: SweepResults) -> int:
    """Return how many candidates lie below the part of the axis that is shown."""
    lowest = lowest_shown(results)
    return sum(row.accuracy < lowest for row in results.candidates)


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
