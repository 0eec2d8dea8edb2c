"""Rows that are merged on the driver's machine are merged behind the URI too, and stay so."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tatl_search.config import SweepSettings
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import CandidateRecord, TrialRecord
from tatl_search.remote.mirror import Mirror
from tatl_search.remote.place import Place
from tatl_search.search.shipping import Shipping, shipping
from tatl_search.tracking import merging
from tatl_search.tracking.merging import Merger
from tatl_search.tracking.parquet import ParquetTracker
from tatl_search.tracking.reading import read_records
from tests.s3 import endpoint
from tests.tracking.made import made_candidate, made_trial

LAUNCHED_AT = "2026-01-01T00:00:00+00:00"
TRIALS = range(4)
Rows = tuple[list[CandidateRecord], list[TrialRecord]]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "BATCH", 4)


@pytest.fixture(params=["file", "s3"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "file":
        yield (tmp_path / "bucket" / "test").as_uri()
        return
    with endpoint(request.getfixturevalue("monkeypatch")) as way:
        yield way.uri("test")


def a_sweep(root: Path, uri: str) -> SweepFolder:
    """Return a driver's folder whose rows lie behind the URI, too."""
    folder = SweepFolder(root)
    root.mkdir(parents=True)
    manifest = SweepManifest(
        name="test",
        created_at=LAUNCHED_AT,
        sweep=SweepSettings(),
        space={},
        reference={},
        uri=uri,
    )
    folder.manifest.write_text(manifest.to_yaml())
    store(folder, uri, TRIALS)
    return folder


def store(folder: SweepFolder, uri: str, trials: Sequence[int], **changes: object) -> None:
    """Store the rows of trials as their workers do."""
    tracker = ParquetTracker(folder, Mirror(folder.root, uri))
    for trial in trials:
        for number in range(2):
            stage = f"{trial}-{number}"
            tracker.candidate(made_candidate(trial=trial, round=number, stage=stage, **changes))
        tracker.trial(made_trial(trial=trial))


def rows(folder: SweepFolder) -> Rows:
    return (
        read_records(folder.candidates, CandidateRecord),
        read_records(folder.trials, TrialRecord),
    )


def names(folder: SweepFolder) -> set[str]:
    return {path.name for path in folder.candidates.glob("*.parquet")}


def names_behind(folder: SweepFolder, uri: str) -> set[str]:
    return {path.name for path in Mirror(folder.root, uri).names(folder.candidates)}


def brought(uri: str, into: Path) -> Rows:
    """Return the rows behind a URI, as one reads them who has nothing else."""
    mirror = Mirror(into, uri)
    for path in mirror.names(into):
        mirror.bring(path)
    return rows(SweepFolder(into))


def drive(folder: SweepFolder, shipped: Shipping | None, again: Sequence[int] = ()) -> None:
    """Do with the rows what a driver does."""
    merger = Merger(folder, shipped, again)
    merger.separate()
    merger.clear_up()
    while merger.merge():
        pass


def test_the_counterpart_is_merged_and_nothing_comes_back(uri: str, tmp_path: Path) -> None:
    folder = a_sweep(tmp_path / "driver", uri)
    before = rows(folder)
    with shipping(folder) as shipped:
        assert shipped is not None
        drive(folder, shipped)
        shipped.ship()
    assert len(names(folder)) == 2
    assert names(folder) == names_behind(folder, uri)
    assert rows(folder) == brought(uri, tmp_path / "home") == before


def test_a_late_row_of_another_machine_goes_again(uri: str, tmp_path: Path) -> None:
    folder = a_sweep(tmp_path / "driver", uri)
    before = rows(folder)
    with shipping(folder) as shipped:
        assert shipped is not None
        drive(folder, shipped)
        store(SweepFolder(tmp_path / "elsewhere"), uri, [1], images_trained=0)
        assert len(names_behind(folder, uri)) == 4
        shipped.ship()
        assert rows(folder) == before
        drive(folder, shipped)
    assert len(names(folder)) == len(names_behind(folder, uri)) == 2
    assert rows(folder) == before


def test_rows_that_the_driver_wrote_and_merged_before_they_were_sent(
    uri: str, tmp_path: Path
) -> None:
    """What waits to be sent and has been merged is waited for by nobody."""
    folder = a_sweep(tmp_path / "driver", uri)
    with shipping(folder) as shipped:
        assert shipped is not None
        tracker = ParquetTracker(folder, shipped)
        for trial in (4, 5):
            for number in range(2):
                tracker.candidate(made_candidate(trial=trial, round=number, stage=f"{trial}"))
            tracker.trial(made_trial(trial=trial))
        drive(folder, shipped)
        gone = folder.candidates / "trial-00004-round-00.parquet"
        assert not gone.exists()
        Mirror(folder.root, uri).send(gone)
    assert brought(uri, tmp_path / "home") == rows(folder)
    assert len(rows(folder)[0]) == 12


class Killed(BaseException):
    """What takes the place of a kill between two steps."""


@pytest.mark.parametrize("again", [(), (1,)])
def test_a_kill_between_any_two_steps_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: Sequence[int]
) -> None:
    bucket, driver = tmp_path / "bucket" / "test", tmp_path / "driver"
    uri = bucket.as_uri()
    folder = a_sweep(driver, uri)
    before = rows(folder)
    if again:
        with shipping(folder) as shipped:
            drive(folder, shipped)
    kept = [shutil.copytree(path, tmp_path / f"kept-{path.name}") for path in (bucket, driver)]
    for allowed in range(100):
        for path, was in zip((bucket, driver), kept, strict=True):
            shutil.rmtree(path)
            shutil.copytree(was, path)
        killed = drive_until_killed(folder, again, allowed, monkeypatch)
        assert rows(folder) == before
        assert brought(uri, tmp_path / f"home-{allowed}") == before
        with shipping(folder) as shipped:
            drive(folder, shipped, again)
        assert names(folder) == names_behind(folder, uri)
        assert rows(folder) == before
        assert len(names(folder)) == (4 if again else 2)
        if not killed:
            break
    assert not killed
    assert allowed > 10


def drive_until_killed(
    folder: SweepFolder, again: Sequence[int], allowed: int, monkeypatch: pytest.MonkeyPatch
) -> bool:
    """Let a driver change so many files, here or behind the URI; return whether it was killed."""
    left = allowed

    def counted(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def change(*arguments: object, **named: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return original(*arguments, **named)

        patched.setattr(owner, name, change)

    with monkeypatch.context() as patched:
        for owner, name in ((os, "unlink"), (os, "replace"), (Place, "put"), (Place, "remove")):
            counted(owner, name)
        mirror = Mirror(folder.root, SweepManifest.read(folder.root).uri or "")
        try:
            drive(folder, Shipping(folder, mirror), again)
        except Killed:
            return True
    return False
