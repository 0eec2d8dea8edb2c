"""Axes are what candidates have figures for."""

from dataclasses import replace

from tatl_search.results.axes import axes
from tests.results.conftest import CANDIDATES, SweepWriter


def test_latency_is_an_axis_where_it_was_estimated(write_sweep: SweepWriter) -> None:
    rows = [replace(row, latency_ms=None if row.round else 2.5) for row in CANDIDATES]
    found = {axis.key: axis for axis in axes(write_sweep(candidates=rows))}
    assert list(found) == [
        "accuracy", "loss", "macs", "parameters", "size_bytes", "latency_ms",
    ]  # fmt: skip
    assert found["latency_ms"].title == "latency (estimate)"
    assert found["latency_ms"].values(rows[1:3]) == [2.5, None]


def test_only_accuracy_is_better_when_higher(write_sweep: SweepWriter) -> None:
    found = axes(write_sweep())
    assert [axis.key for axis in found if axis.higher_is_better] == ["accuracy"]
    assert "latency_ms" not in [axis.key for axis in found]
