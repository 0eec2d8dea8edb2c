"""Rows come back as they went in, one file each, and what is damaged costs only itself."""

import errno
import logging
import os
from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tatl_search.errors import InputError, StorageError
from tatl_search.manifest import SweepFolder
from tatl_search.records import SCHEMA_VERSION, CandidateRecord, Kind, TrialRecord, TrialState
from tatl_search.tracking.parquet import ParquetTracker, write_record
from tatl_search.tracking.reading import read_records
from tatl_search.tracking.schema import schema_of
from tests.tracking.made import made_candidate, made_trial


def _write_columns(path: Path, row: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([row]), path)


def test_the_schema_follows_from_the_record_class() -> None:
    schema = schema_of(CandidateRecord)
    assert schema.names == [field.name for field in fields(CandidateRecord)]
    assert schema.field("kind") == pa.field("kind", pa.string(), nullable=False)
    assert schema.field("trial") == pa.field("trial", pa.int64(), nullable=True)
    assert schema.field("accuracy") == pa.field("accuracy", pa.float64(), nullable=False)
    assert schema.field("latency_ms") == pa.field("latency_ms", pa.float64(), nullable=True)
    assert schema.field("reused") == pa.field("reused", pa.bool_(), nullable=False)


def test_a_file_is_little_more_than_its_row(tmp_path: Path) -> None:
    """Nor does it lose the columns' types, or that some may be null."""
    path = tmp_path / "row.parquet"
    write_record(path, made_candidate())
    assert path.stat().st_size < 8_000
    assert pq.read_schema(path) == schema_of(CandidateRecord)


def test_files_are_named_by_what_the_row_says(tmp_path: Path) -> None:
    tracker = ParquetTracker(SweepFolder(tmp_path))
    tracker.candidate(made_candidate(trial=3, round=2))
    tracker.candidate(made_candidate(trial=None, kind=Kind.UNPRUNED, stage="0123456789abcdefXYZ"))
    tracker.candidate(made_candidate(trial=None, kind=Kind.BASELINE, label="Input 32 px"))
    tracker.trial(made_trial(trial=3))
    stored = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*"))
    assert stored == [
        "candidates/baseline-input-32-px.parquet",
        "candidates/root-0123456789abcdef.parquet",
        "candidates/trial-00003-round-02.parquet",
        "trials/trial-00003.parquet",
    ]


def test_a_late_rewrite_changes_nothing(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    for _ in range(2):
        ParquetTracker(folder).candidate(made_candidate())
    assert read_records(folder.candidates, CandidateRecord) == [made_candidate()]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    accuracy=st.floats(0.0, 1.0),
    latency_ms=st.none() | st.floats(0.0, allow_infinity=False),
    macs=st.integers(0, 2**63 - 1),
    label=st.text(st.characters(codec="utf-8")),
    kind=st.sampled_from(Kind),
    trial=st.none() | st.integers(0, 10**9),
)
def test_any_row_comes_back_as_it_went_in(tmp_path: Path, **values: object) -> None:
    record = made_candidate(**values)
    write_record(tmp_path / "row.parquet", record)
    assert read_records(tmp_path, CandidateRecord) == [record]


def test_rows_come_back_in_order_and_typed(tmp_path: Path) -> None:
    tracker = ParquetTracker(SweepFolder(tmp_path))
    for number in (10, 2):
        tracker.trial(made_trial(trial=number, state=TrialState.INFEASIBLE, stop_reason=None))
    found = read_records(tmp_path / "trials", TrialRecord)
    assert [record.trial for record in found] == [2, 10]
    assert found[0].state is TrialState.INFEASIBLE
    assert found[0].stop_reason is None


def test_a_folder_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    assert read_records(tmp_path / "absent", TrialRecord) == []


def test_a_column_an_older_version_did_not_write_takes_its_default(tmp_path: Path) -> None:
    row = asdict(made_trial())
    del row["schema_version"]
    _write_columns(tmp_path / "old.parquet", row)
    assert read_records(tmp_path, TrialRecord) == [made_trial(schema_version=SCHEMA_VERSION)]


def test_a_row_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    row = asdict(made_trial()) | {"schema_version": SCHEMA_VERSION + 1, "unheard_of": 1.0}
    _write_columns(tmp_path / "new.parquet", row)
    with pytest.raises(InputError, match=r"new\.parquet was written by a newer version"):
        read_records(tmp_path, TrialRecord)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"seconds": "soon"}, "seconds is 'soon', not float"),
        ({"state": "resting"}, "'resting' is not a valid TrialState"),
        ({"detail": None}, "detail is None, not str"),
    ],
)
def test_a_row_that_makes_no_sense_is_left_out_and_named(
    change: dict[str, object], why: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _write_columns(tmp_path / "bad.parquet", asdict(made_trial()) | change)
    write_record(tmp_path / "good.parquet", made_trial())
    with caplog.at_level(logging.WARNING):
        assert read_records(tmp_path, TrialRecord) == [made_trial()]
    assert "bad.parquet is damaged" in caplog.text
    assert why in caplog.text


@pytest.mark.parametrize("kept_bytes", [0, 3, 100, 2000])
def test_a_torn_file_costs_only_itself(
    kept_bytes: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_record(tmp_path / "good.parquet", made_candidate())
    torn = tmp_path / "torn.parquet"
    write_record(torn, made_candidate(round=3))
    torn.write_bytes(torn.read_bytes()[:kept_bytes])
    with caplog.at_level(logging.WARNING):
        assert read_records(tmp_path, CandidateRecord) == [made_candidate()]
    assert "torn.parquet is damaged" in caplog.text


def test_flipped_bytes_never_raise_nor_change_a_figure(tmp_path: Path) -> None:
    path = tmp_path / "row.parquet"
    write_record(path, made_trial())
    whole = path.read_bytes()
    for position in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[position] ^= 0xFF
        path.write_bytes(flipped)
        assert read_records(tmp_path, TrialRecord) in ([], [made_trial()])


def test_a_missing_column_without_default_is_damage(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    row = asdict(made_trial())
    del row["rounds"], row["detail"]
    _write_columns(tmp_path / "thin.parquet", row)
    assert read_records(tmp_path, TrialRecord) == []
    assert "it lacks detail, rounds" in caplog.text


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="make room or make the folder writable, then resume"):
        write_record(tmp_path / "file" / "row.parquet", made_trial())


def test_a_full_disk_leaves_no_part_and_keeps_the_old_row(tmp_path: Path) -> None:
    """A file-size limit of the process stands in for a full disk: the write itself fails."""
    import resource
    import signal

    path = tmp_path / "row.parquet"
    write_record(path, made_trial(rounds=1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(StorageError, match="cannot write"):
            write_record(path, made_trial(rounds=2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert os.listdir(tmp_path) == ["row.parquet"]
    assert read_records(tmp_path, TrialRecord)[0].rounds == 1


def test_a_row_of_the_same_stage_keeps_what_it_first_cost(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    tracker = ParquetTracker(folder)
    tracker.candidate(made_candidate(stage="a", images_forward=500))
    tracker.candidate(made_candidate(stage="a", images_forward=300))
    assert read_records(folder.candidates, CandidateRecord)[0].images_forward == 500
    tracker.candidate(made_candidate(stage="b", images_forward=300))
    assert read_records(folder.candidates, CandidateRecord)[0].images_forward == 300


def test_what_the_disk_refuses_is_heard_when_the_trial_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network's file system may say only then that it is full."""
    tracker = ParquetTracker(SweepFolder(tmp_path))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    tracker.candidate(made_candidate())
    with pytest.raises(StorageError, match=r"trial-00003-round-02\.parquet: .*No space left"):
        tracker.trial(made_trial())
