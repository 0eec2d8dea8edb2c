"""Bounds on one scale: kept at 0 and below, violated by a share."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.config import BoundSettings
from tatl_search.core.constraints import keeps_to, violations
from tests.tracking.made import made_figures

BOUNDS = BoundSettings.model_validate({"accuracy": 0.8, "macs": 500.0, "latency_ms": 4.0})


def test_shares_by_hand() -> None:
    figures = made_figures(accuracy=0.6, macs=1000, latency_ms=2.0, parameters=9)
    missed = {"accuracy": 0.25, "macs": 0.5, "latency_ms": -0.5}
    assert violations(BOUNDS, figures) == pytest.approx(missed)
    assert not keeps_to(BOUNDS, figures)
    assert keeps_to(BOUNDS, made_figures(accuracy=0.8, macs=500, latency_ms=4.0))
    assert keeps_to(BoundSettings(), figures)


@pytest.mark.parametrize("unknown", [None, math.nan])
def test_what_is_not_known_is_the_worst(unknown: float | None) -> None:
    figures = made_figures(accuracy=0.9, macs=100, latency_ms=unknown)
    assert violations(BOUNDS, figures)["latency_ms"] == 1.0


@given(st.floats(0.0, 1.0), st.floats(1.0, 1e9), st.floats(0.1, 1e3))
def test_kept_is_told_from_missed_and_nothing_exceeds_the_worst(
    accuracy: float, macs: float, latency_ms: float
) -> None:
    figures = made_figures(accuracy=accuracy, macs=macs, latency_ms=latency_ms)
    found = violations(BOUNDS, figures)
    kept = {"accuracy": accuracy >= 0.8, "macs": macs <= 500, "latency_ms": latency_ms <= 4}
    assert {name: missed <= 0 for name, missed in found.items()} == kept
    assert all(missed <= 1.0 for missed in found.values())
