"""A front that validation chose and other images judged."""

import math
from dataclasses import dataclass

import pytest

from benchmarks.judging import affordable, area, bias, log_area


@dataclass(frozen=True)
class Row:
    """A network with all that a judge asks for."""

    accuracy: float
    macs_share: float
    judged: float


ROWS = (
    Row(0.9, 0.5, judged=0.85),
    Row(0.8, 0.1, judged=0.82),
    Row(0.95, 0.6, judged=math.nan),  # came late, was beaten, was never judged
    Row(0.7, 0.3, judged=0.99),  # beaten on validation: luck on the judging images does not help
    Row(0.6, 0.01, judged=0.50),
)


def test_validation_chooses_and_the_judge_counts() -> None:
    bought = [affordable(ROWS, share) for share in (0.001, 0.05, 0.1, 0.3, 0.5, 1.0)]
    assert bought == [0.0, 0.50, 0.82, 0.82, 0.85, 0.85]


def test_areas() -> None:
    assert area(ROWS) == pytest.approx((0.82 * 0.4 + 0.85 * 0.5) / 0.9)
    lengths = [math.log(high / low) / math.log(100) for low, high in
               ((0.01, 0.1), (0.1, 0.5), (0.5, 1.0))]  # fmt: skip
    judged = sum(value * length for value, length in zip((0.50, 0.82, 0.85), lengths, strict=True))
    seen = sum(value * length for value, length in zip((0.6, 0.8, 0.9), lengths, strict=True))
    assert log_area(ROWS) == pytest.approx(judged)
    assert bias(ROWS) == pytest.approx(seen - judged)
    assert (affordable((), 1.0), area(()), log_area(()), bias(())) == (0.0, 0.0, 0.0, 0.0)
