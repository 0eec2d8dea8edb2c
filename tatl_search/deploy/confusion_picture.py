"""The picture of which classes a network takes for which."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tatl_search.deploy.confusion import Confusion
from tatl_search.results.fonts import fonts_for
from tatl_search.results.picture import MM_PER_INCH, literal, save_picture

SMALLEST_MM, LARGEST_MM, CLASS_MM = 100.0, 200.0, 8.0
MOST_COUNTED, MOST_NAMED = 25, 60
LONGEST_NAME = 24
DARK = 0.5
"""Share from which a number is written in white."""


def save_confusion(confusion: Confusion, path: Path) -> None:
    """Draw what each class's images were taken for, as shares of them; one blue, light to dark.

    Counts stand in the cells of up to 25 classes, names on the axes of up to 60.

    Raises:
        StorageError: the file cannot be written.
    """
    classes = len(confusion.class_names)
    side = min(max(SMALLEST_MM, CLASS_MM * classes), LARGEST_MM) / MM_PER_INCH
    figure = Figure(figsize=(side * 1.1, side), layout="constrained")
    axes = figure.add_subplot()
    shares = confusion.counts / np.maximum(confusion.counts.sum(axis=1, keepdims=True), 1)
    drawn = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    figure.colorbar(drawn, label="share of the class's images", shrink=0.8)
    by_number = ", by its line in labels.txt" if numbers_classes(confusion.class_names) else ""
    axes.set_xlabel(f"taken for{by_number}")
    axes.set_ylabel(f"class{by_number}")
    if classes <= MOST_NAMED:
        _name_classes(axes, confusion.class_names)
    if classes <= MOST_COUNTED:
        for (row, column), share in np.ndenumerate(shares):
            if share:
                axes.text(
                    column, row, str(confusion.counts[row, column]), ha="center", va="center",
                    fontsize=7, color="white" if share > DARK else "black",
                )  # fmt: skip
    save_picture(figure, path)


def numbers_classes(names: tuple[str, ...]) -> bool:
    """Say whether classes stand in the picture as numbers: no installed font writes their names."""
    return len(names) <= MOST_NAMED and not fonts_for(names)


def _name_classes(axes: Axes, names: tuple[str, ...]) -> None:
    families = fonts_for(names)
    if not families:
        names = tuple(str(number) for number in range(1, len(names) + 1))
    shown = [literal(n if len(n) <= LONGEST_NAME else f"{n[:LONGEST_NAME]}...") for n in names]
    short = max(map(len, shown)) <= 2
    places = range(len(names))
    family = families or None
    axes.set_xticks(places, shown, rotation=0 if short else 90, fontsize=7, fontfamily=family)
    axes.set_yticks(places, shown, fontsize=7, fontfamily=family)
