"""Axes are what candidates have figures for."""

from dataclasses import replace

from tatl_search.records import LatencyRecord, Runtime
from tatl_search.results.axes import axes
from tatl_search.tracking.parquet import write_record
from tests.results.conftest import CANDIDATES, SweepWriter


def test_latency_is_an_axis_where_it_was_estimated(write_sweep: SweepWriter) -> None:
    rows = [replace(row, latency_ms=None if row.round else 2.5) for row in CANDIDATES]
    found = {axis.figure.key: axis for axis in axes(write_sweep(candidates=rows))}
    assert list(found) == [
        "accuracy", "loss", "macs", "parameters", "size_bytes", "latency_ms",
    ]  # fmt: skip
    assert found["latency_ms"].figure.title == "latency (estimate)"
    assert found["latency_ms"].values(rows[1:3]) == [2.5, None]


def test_every_way_it_was_measured_is_an_axis(write_sweep: SweepWriter) -> None:
    results = write_sweep()
    for batch in (32, 1):
        record = LatencyRecord(
            sweep="made", label="trial 0 round 1", stage="a1", device="A CPU",
            runtime=Runtime.ONNXRUNTIME, version="1", batch=batch, threads=1, image_size=32,
            p50_ms=1.5 * batch, p90_ms=2.0 * batch, lowest_block_ms=1.0, highest_block_ms=2.0,
            blocks=2, passes=10, platform="linux", created_at="2026-01-01T00:00:00+00:00",
        )  # fmt: skip
        write_record(results.folder.latencies / f"{batch}.parquet", record)
    one, many = axes(results)[-2:]
    assert one.figure.title == "latency (A CPU, onnxruntime, batch 1, 1 thread)"
    assert (one.figure.key, many.figure.key) == ("measured_0", "measured_1")
    assert one.values(CANDIDATES[1:4]) == [None, 1.5, None]
    assert many.values(CANDIDATES[2:3]) == [48.0]


def test_only_accuracy_is_better_when_higher(write_sweep: SweepWriter) -> None:
    found = axes(write_sweep())
    assert [axis.figure.key for axis in found if axis.figure.higher_is_better] == ["accuracy"]
    assert "latency_ms" not in [axis.figure.key for axis in found]
