"""Rows move into merged files and back, and none is lost or doubled on the way."""

import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import duckdb
import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, Kind, TrialRecord
from tatl_search.tracking import merging, reading
from tatl_search.tracking.merging import Merger
from tatl_search.tracking.parquet import ParquetTracker, write_record
from tatl_search.tracking.reading import RowReader, new_rows, read_records
from tests.tracking.made import made_candidate
from tests.tracking.stored import ROUNDS, candidate, rows, store


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "BATCH", 6)


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return SweepFolder(tmp_path / "sweep")


def files(folder: SweepFolder) -> list[str]:
    return sorted(path.name for path in folder.candidates.iterdir())


def merged(folder: SweepFolder) -> list[Path]:
    return sorted(folder.candidates.glob("merged-*.parquet"))


def merge_all(merger: Merger) -> None:
    while merger.merge():
        pass


def test_rows_of_ended_trials_are_merged_and_read_as_before(folder: SweepFolder) -> None:
    store(folder, range(4))
    store(folder, [4], ended=False)
    ParquetTracker(folder).candidate(made_candidate(trial=None, kind=Kind.UNPRUNED, stage="root"))
    before = rows(folder)
    merge_all(Merger(folder))
    assert rows(folder) == before
    left = [f"trial-00004-round-{number:02d}.parquet" for number in range(ROUNDS)]
    assert files(folder)[:2] == [path.name for path in merged(folder)]
    assert files(folder)[2:] == ["root-root.parquet", *left]
    assert len(list(folder.trials.iterdir())) == 4  # fewer than a batch
    assert pq.read_schema(merged(folder)[0]).names == [*asdict(candidate(0, 0))]


def test_other_tools_read_merged_files_beside_others(folder: SweepFolder) -> None:
    store(folder, range(5))
    merge_all(Merger(folder))
    assert len(merged(folder)) == 2
    candidates, trials = rows(folder)
    assert_each_once(folder, candidates)
    found = sorted(row.label for row in candidates)
    assert sorted(pd.read_parquet(folder.candidates)["label"]) == found
    assert sorted(pl.read_parquet(folder.candidates / "*.parquet")["label"]) == found
    assert len(pl.read_parquet(folder.trials / "*.parquet")) == len(trials)


def test_what_was_merged_is_not_written_again(folder: SweepFolder) -> None:
    """However long the sweep: a row is written twice in all."""
    merger = Merger(folder)
    written: dict[str, bytes] = {}
    for trial in range(40):
        store(folder, [trial])
        merge_all(merger)
        for path in merged(folder):
            assert written.setdefault(path.name, path.read_bytes()) == path.read_bytes()
        assert set(written) <= set(files(folder))
    assert len(written) == 40 * ROUNDS // merging.BATCH
    assert len(rows(folder)[0]) == 40 * ROUNDS


def test_a_row_of_an_older_version_takes_its_default_and_keeps_its_version(
    folder: SweepFolder,
) -> None:
    store(folder, range(2))
    old = asdict(candidate(0, 1)) | {"schema_version": 3}
    del old["finished"], old["micro_batch"]
    path = folder.candidates / "trial-00000-round-01.parquet"
    pq.write_table(pa.Table.from_pylist([old]), path)
    merge_all(Merger(folder))
    assert len(files(folder)) == 1
    assert rows(folder)[0][1] == replace(candidate(0, 1), schema_version=3)


@pytest.mark.parametrize("stage", ["a", "b"])
def test_a_late_write_changes_nothing(folder: SweepFolder, stage: str) -> None:
    """Neither doubled nor replaced, and the file itself goes with the next merge."""
    store(folder, range(2))
    before = rows(folder)
    merger = Merger(folder)
    merge_all(merger)
    orphan = replace(candidate(0, 1, stage), images_trained=0, accuracy=0.1)
    ParquetTracker(folder).candidate(orphan)
    assert rows(folder) == before
    merger.merge()
    assert files(folder) == [path.name for path in merged(folder)]
    assert rows(folder) == before


def test_a_late_round_of_an_ended_trial_is_a_row_like_others(folder: SweepFolder) -> None:
    store(folder, range(2))
    merge_all(Merger(folder))
    ParquetTracker(folder).candidate(candidate(1, ROUNDS))
    Merger(folder).clear_up()
    assert rows(folder)[0][-1] == candidate(1, ROUNDS)


def test_damaged_and_misnamed_files_are_left_alone(
    folder: SweepFolder, caplog: pytest.LogCaptureFixture
) -> None:
    store(folder, range(4))
    torn = folder.candidates / "trial-00000-round-01.parquet"
    torn.write_bytes(torn.read_bytes()[:100])
    misnamed = folder.candidates / "trial-00001-round-01.parquet"
    write_record(misnamed, candidate(9, 9))
    before = rows(folder)
    merge_all(Merger(folder))
    assert files(folder)[1:] == [
        torn.name,
        misnamed.name,
        *(f"trial-0000{trial}-round-0{number}.parquet" for trial, number in LEFT),
    ]
    assert rows(folder) == before


LEFT = [(2, 2), (3, 0), (3, 1), (3, 2)]
"""What is left of twelve rows, two of which are no use, after a batch of six."""


def test_a_damaged_merged_file_costs_its_own_rows_and_is_left_alone(
    folder: SweepFolder, caplog: pytest.LogCaptureFixture
) -> None:
    store(folder, range(4))
    merge_all(Merger(folder))
    first, second = merged(folder)
    first.write_bytes(first.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING):
        assert {row.trial for row in rows(folder)[0]} == {2, 3}
    assert f"{first.name} is damaged and left out" in caplog.text
    store(folder, range(2))  # as it is restored by running the trials again
    Merger(folder).clear_up()
    assert len(rows(folder)[0]) == 4 * ROUNDS
    assert {first, second} < set(folder.candidates.iterdir())


def test_trials_that_run_again_get_files_of_their_own(folder: SweepFolder) -> None:
    store(folder, range(6))
    before = rows(folder)
    merge_all(Merger(folder))
    merger = Merger(folder, leave=[1])
    merger.separate()
    assert rows(folder) == before
    own = [f"trial-00001-round-{number:02d}.parquet" for number in range(ROUNDS)]
    assert files(folder)[-ROUNDS:] == own
    assert (folder.trials / "trial-00001.parquet").is_file()
    # It runs again elsewhere, and its last round comes out otherwise.
    ParquetTracker(folder).candidate(candidate(1, 2, "b"))
    store(folder, [6])
    merger.clear_up()
    merge_all(merger)
    found = {(row.trial, row.round): row.stage for row in rows(folder)[0]}
    assert len(found) == len(rows(folder)[0]) == 7 * ROUNDS
    assert found[1, 2] == "b1-2"
    assert set(own) < set(files(folder))


def test_what_a_damaged_file_still_holds_is_taken_out_of_it(folder: SweepFolder) -> None:
    store(folder, range(2))
    merge_all(Merger(folder))
    (path,) = merged(folder)
    rewritten = {"row_group_size": ROUNDS, "write_page_checksum": True, "compression": "none"}
    pq.write_table(pq.read_table(path), path, **rewritten)
    content = bytearray(path.read_bytes())
    content[content.index(b"a0-1") + 1] ^= 0xFF  # in the stages of trial 0
    path.write_bytes(content)
    assert [row.trial for row in rows(folder)[0]] == [1, 1, 1]
    Merger(folder, leave=[0]).separate()
    assert [row.trial for row in rows(folder)[0]] == [1, 1, 1]
    assert path.with_name(f".{path.name}.damaged").is_file()
    assert path not in merged(folder)
    store(folder, [0])
    assert [row.trial for row in rows(folder)[0]] == [0, 0, 0, 1, 1, 1]


class Killed(BaseException):
    """What takes the place of a kill between two steps."""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Return how many changes of files are allowed before the process is killed."""
    left = [10**9]

    def counted(name: str) -> None:
        original = getattr(os, name)

        def change(*arguments: object, **named: object) -> object:
            if left[0] <= 0:
                raise Killed
            left[0] -= 1
            return original(*arguments, **named)

        monkeypatch.setattr(os, name, change)

    for name in ("unlink", "replace", "fsync"):
        counted(name)
    yield left
    left[0] = 10**9


@pytest.mark.parametrize("again", [(), (1,)])
def test_a_kill_between_any_two_steps_loses_and_doubles_nothing(
    folder: SweepFolder, tmp_path: Path, steps: list[int], again: Sequence[int]
) -> None:
    store(folder, range(4))
    before = rows(folder)
    if again:
        merge_all(Merger(folder))
    kept = shutil.copytree(folder.root, tmp_path / "kept")
    killed = True
    for allowed in range(200):
        shutil.rmtree(folder.root)
        shutil.copytree(kept, folder.root)
        steps[0] = allowed
        killed = drive(folder, again)
        steps[0] = 10**9
        assert rows(folder) == before
        assert not drive(folder, again)
        assert rows(folder) == before
        assert_each_once(folder, before[0])
        if not killed:
            break
    assert not killed
    assert allowed > 10


def drive(folder: SweepFolder, again: Sequence[int]) -> bool:
    """Do what a driver does; return whether it was killed."""
    merger = Merger(folder, leave=again)
    try:
        merger.separate()
        merger.clear_up()
        merge_all(merger)
    except Killed:
        return True
    return False


def assert_each_once(folder: SweepFolder, expected: Sequence[CandidateRecord]) -> None:
    """Tools that know nothing of merged files see each row once, and nothing half-written."""
    files = str(folder.candidates / "*.parquet")
    found = sorted(row.label for row in expected)
    asked = duckdb.sql(f"SELECT label FROM '{files}' ORDER BY label")
    assert asked is not None
    assert [label for (label,) in asked.fetchall()] == found
    assert not [*folder.candidates.glob(".merged-*")]


DRIVER = """
import sys, threading
from pathlib import Path
from tatl_search.manifest import SweepFolder
from tatl_search.tracking import merging, reading
from tests.tracking.stored import store
merging.BATCH = 6
folder = SweepFolder(Path(sys.argv[1]))
def merge():
    merger = merging.Merger(folder)
    merger.clear_up()
    while True:
        merger.merge()
threading.Thread(target=merge, daemon=True).start()
for trial in range(int(sys.argv[2]), 10**9):
    store(folder, [trial])
    print(trial, flush=True)
"""


@pytest.mark.parametrize(("kills", "seed"), [(3, 0), pytest.param(60, 1, marks=pytest.mark.soak)])
def test_kill_9_at_random_moments_loses_and_doubles_nothing(
    folder: SweepFolder, kills: int, seed: int
) -> None:
    chance, stored = random.Random(seed), 0
    for _ in range(kills):
        driver = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(folder.root), str(stored)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert driver.stdout is not None
        driver.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.4))
        os.kill(driver.pid, signal.SIGKILL)
        told = driver.communicate()[0].split()
        stored = int(told[-1]) + 1 if told else stored + 1
        assert_stored(*rows(folder), stored)
        store(folder, [stored])  # the trial that was cut off, again
        stored += 1
    Merger(folder).clear_up()
    assert len(rows(folder)[1]) == stored
    assert len(merged(folder)) >= kills
    assert_stored(*rows(folder), stored)
    assert_each_once(folder, rows(folder)[0])


def assert_stored(
    candidates: Sequence[CandidateRecord], trials: Sequence[TrialRecord], stored: int
) -> None:
    """So many trials are there, each row once, and perhaps more."""
    found = [(row.trial, row.round) for row in candidates if row.trial is not None]
    assert len(found) == len(set(found))
    expected = {(trial, number) for trial in range(stored) for number in range(ROUNDS)}
    assert expected <= set(found)
    numbers = [row.trial for row in trials]
    assert numbers[:stored] == [*range(stored)]


def test_a_reader_sees_every_row_once_while_files_are_merged(folder: SweepFolder) -> None:
    """One that reads all each time, one that keeps what it has read, and one that wants the new."""
    begun, told, ended = threading.Event(), [0], threading.Event()

    def drive() -> None:
        merger = Merger(folder)
        for trial in range(60):
            store(folder, [trial])
            told[0] = trial + 1
            merger.merge()
            begun.set()
        ended.set()

    driver = threading.Thread(target=drive)
    driver.start()
    begun.wait()
    kept, looks = RowReader(folder.candidates, CandidateRecord), 0
    seen: set[str] = set()
    followed: list[CandidateRecord] = []
    while not ended.is_set() or looks == 0:
        before = told[0]
        assert_stored(*rows(folder), before)
        found = kept.read()
        followed += new_rows(folder.candidates, CandidateRecord, seen)
        for some in (found, followed):
            places = {(row.trial, row.round) for row in some}
            assert len(places) == len(some) >= ROUNDS * before
        looks += 1
    driver.join()
    assert looks > 2
    assert kept.read() == rows(folder)[0]


@pytest.mark.parametrize("lacks", ["nothing", "all of it"])
def test_what_is_merged_between_a_look_and_the_reading_is_found(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    """A listing may show files that have gone since, or neither them nor the merged file."""
    store(folder, range(2))
    before = rows(folder)[0]
    original, looks = reading.listed, [0]

    def listed(place: Path) -> frozenset[str]:
        names = original(place)
        looks[0] += 1
        if looks[0] == 1:
            monkeypatch.setattr(merging, "listed", original)
            assert Merger(folder).merge()
            return names if lacks == "nothing" else frozenset()
        return names

    monkeypatch.setattr(reading, "listed", listed)
    assert read_records(folder.candidates, CandidateRecord) == before
    assert len(merged(folder)) == 1


def test_a_file_that_is_listed_and_never_found_is_named(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reading, "PATIENCE_S", 0.2)
    store(folder, [0])
    gone = folder.candidates / "trial-00009-round-00.parquet"
    gone.symlink_to("nowhere")
    with caplog.at_level(logging.WARNING):
        assert len(rows(folder)[0]) == ROUNDS
    assert f"{gone.name} is listed in {folder.candidates} and not found there" in caplog.text
