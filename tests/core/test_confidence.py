"""Intervals against SciPy's and values typed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tatl_search.core.confidence import standard_error, wilson_interval

Z_95 = 1.959963984540054


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_equals_scipys(counts: tuple[int, int]) -> None:
    correct, images = counts
    expected = binomtest(correct, images).proportion_ci(0.95, method="wilson")
    low, high = wilson_interval(correct / images, images, Z_95)
    assert low == pytest.approx(expected.low, abs=1e-12)
    assert high == pytest.approx(expected.high, abs=1e-12)
    assert 0.0 <= low <= correct / images + 1e-12
    assert 1.0 >= high >= correct / images - 1e-12


def test_wilson_by_hand() -> None:
    """8 of 10: centre (0.8 + 1.9208/10) / 1.38416, half width 1.96 sqrt(0.025604) / 1.38416."""
    assert wilson_interval(0.8, 10) == pytest.approx((0.490157, 0.943322), abs=1e-5)
    assert wilson_interval(0.0, 10) == pytest.approx((0.0, 0.277541), abs=1e-5)
    assert wilson_interval(1.0, 10) == pytest.approx((0.722459, 1.0), abs=1e-5)


def test_standard_error_by_hand() -> None:
    assert standard_error(0.5, 100) == pytest.approx(0.05)
    assert standard_error(0.9, 900) == pytest.approx(0.01)
    assert standard_error(1.0, 50) == 0.0


@pytest.mark.parametrize(
    ("accuracy", "images", "message"),
    [(0.5, 0, "at least one image"), (1.2, 10, "in .0, 1."), (float("nan"), 10, "got nan")],
)
def test_impossible_measurements_are_refused(accuracy: float, images: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        standard_error(accuracy, images)
    with pytest.raises(ValueError, match=message):
        wilson_interval(accuracy, images)
