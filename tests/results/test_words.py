import pytest

from tatl_search.config import Objective
from tatl_search.results.words import (
    accuracy_with_interval,
    cost,
    cost_with_name,
    scaled,
    times_less,
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
    assert cost(2_400_000, Objective.SIZE_BYTES) == "2.40 MB"
    assert cost(800, Objective.SIZE_BYTES) == "800 B"
    assert cost_with_name(2_400_000, Objective.SIZE_BYTES) == "2.40 MB"
    assert cost_with_name(30e6, Objective.MACS) == "30.0 M MACs"


def test_what_was_gained() -> None:
    whole = unpruned(0, reused=True)
    assert times_less(pruned(0, 1, 0.94, 0.4, "x"), whole, Objective.MACS) == "2.5x"
    assert times_less(pruned(0, 1, 0.94, 2.0, "x"), whole, Objective.SIZE_BYTES) == "0.5x"


def test_accuracies_have_their_interval() -> None:
    # Wilson's interval of 360 of 400: centre 0.89619, half width 0.02950.
    assert accuracy_with_interval(pruned(0, 1, 0.90, 0.5, "x")) == "90.0 (86.7-92.6)"
