import math

import pytest

from tatl_search.figures import ACCURACY, FIGURES, LATENCY_MS, MACS, SIZE_BYTES
from tatl_search.results.words import (
    scaled,
    times_less,
    with_interval,
    written,
    written_with_name,
)
from tests.results.conftest import pruned, unpruned


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (4_650_000, "4.65 M"),
        (9_996_000, "10.0 M"),
        (12_345_678, "12.3 M"),
        (123_456_789, "123 M"),
        (1.8e9, "1.80 G"),
    ],
)
def test_counts_have_three_digits(number: float, text: str) -> None:
    assert scaled(number) == text


def test_costs_have_their_units() -> None:
    assert written(2_400_000, SIZE_BYTES) == "2.40 MB"
    assert written(800, SIZE_BYTES) == "800 B"
    assert written_with_name(2_400_000, SIZE_BYTES) == "2.40 MB"
    assert written_with_name(30e6, MACS) == "30.0 M MACs"
    assert written_with_name(3.2, LATENCY_MS) == "3.20 ms"
    assert written(0.934, ACCURACY) == "93.4 %"
    assert written(0.3456, FIGURES["loss"]) == "0.346"
    assert written(math.nan, LATENCY_MS) == "not known"


def test_what_was_gained() -> None:
    whole = unpruned(0, reused=True)
    assert times_less(pruned(0, 1, 0.94, 0.4, "x"), whole, MACS) == "2.5x"
    assert times_less(pruned(0, 1, 0.94, 2.0, "x"), whole, SIZE_BYTES) == "0.5x"


def test_accuracies_have_their_interval() -> None:
    # Wilson's interval of 360 of 400: centre 0.89619, half width 0.02950.
    assert with_interval(pruned(0, 1, 0.90, 0.5, "x")) == "90.0 (86.7-92.6)"
