"""Rows with numbers that cannot be are left out, each by itself."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tatl_search.plausible import impossible
from tatl_search.records import CandidateRecord, LatencyRecord, Runtime
from tatl_search.tracking.parquet import write_record
from tatl_search.tracking.reading import read_records
from tests.tracking.made import made_candidate, made_trial

NAN, INF = float("nan"), float("inf")
LATENCY: dict[str, Any] = {
    "sweep": "made", "label": "trial 3 round 2", "stage": "c0ffee", "device": "CPU",
    "runtime": Runtime.TORCH, "version": "2", "batch": 1, "threads": 1, "image_size": 32,
    "p50_ms": 1.0, "p90_ms": 1.2, "lowest_block_ms": 0.9, "highest_block_ms": 1.1, "blocks": 2,
    "passes": 9, "platform": "Linux", "created_at": "2026-01-01T00:00:00+00:00",
}  # fmt: skip


def test_what_can_be_is_let_through() -> None:
    assert impossible(made_candidate()) == ""
    assert impossible(made_candidate(accuracy=0.0, latency_ms=2.5, loss=INF, units_left=0)) == ""
    assert impossible(made_trial()) == ""
    assert impossible(LatencyRecord(**{**LATENCY, "threads": None})) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy", NAN),
        ("accuracy", 90.0),
        ("accuracy", -0.1),
        ("macro_f1", NAN),
        ("balanced_accuracy", 1.1),
        ("macs", -1),
        ("latency_ms", NAN),
        ("latency_ms", -3.0),
        ("seconds", INF),
        ("val_images", 0),
    ],
)
def test_a_candidate_with_an_impossible_number_is_left_out(
    name: str, value: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = made_candidate(round=1), made_candidate(round=2, **{name: value})
    for row in (good, bad):
        write_record(tmp_path / f"trial-00003-round-{row.round:02d}.parquet", row)
    with caplog.at_level(logging.WARNING):
        assert read_records(tmp_path, CandidateRecord) == [good]
    assert f"is left out, since {name} is {value}" in caplog.text


@pytest.mark.parametrize(("name", "value"), [("threads", -4), ("p50_ms", -1.0), ("batch", 0)])
def test_a_latency_with_an_impossible_number_is_left_out(
    name: str, value: Any, tmp_path: Path
) -> None:
    good = LatencyRecord(**LATENCY)
    write_record(tmp_path / "a.parquet", good)
    write_record(tmp_path / "b.parquet", LatencyRecord(**{**LATENCY, name: value}))
    assert read_records(tmp_path, LatencyRecord) == [good]
