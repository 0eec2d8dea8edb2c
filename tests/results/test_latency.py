"""Latency by the way networks were run, the estimate's error by hand, and the table."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.records import LatencyRecord, Runtime
from tatl_search.results.latency import by_setup, latencies, measured_latency
from tatl_search.results.latency_error import estimate_error
from tatl_search.results.latency_table import latency_tables
from tatl_search.tracking.parquet import write_latency
from tests.tracking.made import made_candidate

ROWS = [
    made_candidate(label=f"trial {trial} round 1", trial=trial, stage=f"s{trial}", latency_ms=known)
    for trial, known in ((0, 9.0), (1, 3.0), (2, 2.0))
]


def measured(
    stage: str,
    p50_ms: float,
    device: str = "Intel Xeon",
    runtime: Runtime = Runtime.ONNXRUNTIME,
    batch: int = 1,
    threads: int | None = 1,
) -> LatencyRecord:
    return LatencyRecord(
        sweep="made",
        label=f"trial {stage[1:]} round 1",
        stage=stage,
        device=device,
        runtime=runtime,
        version="1.0",
        batch=batch,
        threads=threads,
        image_size=32,
        p50_ms=p50_ms,
        p90_ms=p50_ms + 1.0,
        lowest_block_ms=p50_ms * 0.9,
        highest_block_ms=p50_ms * 1.1,
        blocks=5,
        passes=50,
        platform="Linux x86_64",
        created_at="2026-01-01T00:00:00+00:00",
    )


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    """A sweep measured on a CPU in three ways and on a GPU."""
    folder = SweepFolder(tmp_path)
    for row in (
        measured("s0", 10.0),
        measured("s1", 4.0),
        measured("s2", 1.0),
        measured("s0", 12.0, runtime=Runtime.TORCH),
        measured("s0", 200.0, batch=32),
        measured("s0", 0.5, device="NVIDIA H200", threads=None),
    ):
        write_latency(folder, row)
    return folder


def test_ways_in_order_and_in_words(folder: SweepFolder) -> None:
    assert [str(setup) for setup in by_setup(measured_latency(folder))] == [
        "Intel Xeon, onnxruntime, batch 1, 1 thread",
        "Intel Xeon, torch, batch 1, 1 thread",
        "Intel Xeon, onnxruntime, batch 32, 1 thread",
        "NVIDIA H200, onnxruntime, batch 1",
    ]


def test_a_later_measurement_replaces_the_same_one(folder: SweepFolder) -> None:
    write_latency(folder, measured("s0", 11.0))
    assert latencies(folder, ROWS, "xeon").by_stage["s0"] == 11.0
    assert len(measured_latency(folder)) == 6


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("xeon", {"s0": 10.0, "s1": 4.0, "s2": 1.0}),
        ("Xeon, batch 32", {"s0": 200.0}),
        ("torch", {"s0": 12.0}),
        ("h200", {"s0": 0.5}),
        ("estimate", {"s0": 9.0, "s1": 3.0, "s2": 2.0}),
    ],
)
def test_what_is_meant(folder: SweepFolder, asked: str, expected: dict[str, float]) -> None:
    found = latencies(folder, ROWS, asked)
    assert found.by_stage == expected
    assert found.origin.startswith("estimated" if asked == "estimate" else "measured on")


def test_what_is_not_clear_is_asked_for(folder: SweepFolder) -> None:
    with pytest.raises(InputError, match="is on several devices") as caught:
        latencies(folder, ROWS, None)
    assert "  NVIDIA H200, onnxruntime, batch 1" in str(caught.value).splitlines()
    with pytest.raises(InputError, match="was not on 'batch 3'"):
        latencies(folder, ROWS, "batch 3")  # not a part of `batch 32`
    with pytest.raises(InputError, match="no latency was measured"):
        latencies(SweepFolder(folder.root / "other"), ROWS, None)
    with pytest.raises(InputError, match="holds no estimates"):
        latencies(folder, [made_candidate(latency_ms=None)], "estimate")


def test_the_error_of_estimates_by_hand() -> None:
    found = {row.stage: row for row in (measured("s0", 10.0), measured("s1", 4.0))}
    error = estimate_error(ROWS, found)
    assert error is not None
    # |9 - 10| / 10 and |3 - 4| / 4
    assert (error.networks, error.worst) == (2, 0.25)
    assert error.median == pytest.approx(0.175)
    assert error.rank_correlation is None
    error = estimate_error(ROWS, found | {"s2": measured("s2", 5.0)})
    assert error is not None
    # measured 10, 4, 5 against estimated 9, 3, 2: ranks 3 1 2 and 3 2 1, so 1 - 6 * 2 / 24
    assert error.rank_correlation == pytest.approx(0.5)
    assert str(error).endswith("60 % (worst), rank correlation 0.50, over 3 networks")
    assert estimate_error(ROWS, {}) is None


def test_the_table_has_estimates_beside_single_images_only(folder: SweepFolder) -> None:
    text = io.StringIO()
    by_way = by_setup(measured_latency(folder))
    Console(file=text, width=100).print(latency_tables(ROWS, by_way))
    lines = [" ".join(line.split()) for line in text.getvalue().splitlines()]
    assert "trial 0 round 1 8.00 M 9.00 10.00 11.00 20 % 100" in lines
    assert "trial 0 round 1 8.00 M 200.00 201.00 20 % 160" in lines
    assert "the sweep's estimates are off by 25 % (median), 100 % (worst)" in text.getvalue()
