"""Work on a machine that does not see the driver's folder, and a folder made from a URI."""

import shutil
from pathlib import Path

import pytest

from tatl_search.config import SweepSettings
from tatl_search.errors import InputError, StorageError
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import CandidateRecord
from tatl_search.remote.mirror import Mirror
from tatl_search.search.home import at_home, brought_home
from tatl_search.search.shipping import shipping
from tatl_search.search.work import WorkItem
from tatl_search.search.worker import run_item
from tatl_search.tracking.reading import read_records
from tests.search.items import work_item

LAUNCHED_AT = "2026-01-01T00:00:00+00:00"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATL_SEARCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return (tmp_path / "bucket" / "test").as_uri()


@pytest.fixture
def folder(tmp_path: Path, uri: str) -> SweepFolder:
    """Return a driver's folder that holds nothing but what the sweep is."""
    where = SweepFolder(tmp_path / "driver" / "test")
    where.root.mkdir(parents=True)
    manifest = SweepManifest(
        name="test",
        created_at=LAUNCHED_AT,
        sweep=SweepSettings(),
        space={},
        reference={},
        uri=uri,
    )
    where.manifest.write_text(manifest.to_yaml())
    Mirror(where.root, uri).send(where.manifest)
    return where


def item_of(folder: Path, uri: str) -> WorkItem:
    item = work_item(folder, stop={"max_rounds": 1})
    return item.model_copy(update={"uri": uri, "launched_at": LAUNCHED_AT})


def in_silence() -> None:
    """Give no sign of life."""


def test_a_folder_that_is_seen_is_used(folder: SweepFolder, uri: str) -> None:
    item = item_of(folder.root, uri)
    assert at_home(item, in_silence) is item
    plain = work_item(Path("anywhere"))
    assert at_home(plain, in_silence) is plain


def test_another_sweep_at_the_same_place_is_not(folder: SweepFolder, uri: str) -> None:
    text = folder.manifest.read_text().replace(LAUNCHED_AT, "2025-01-01T00:00:00+00:00")
    folder.manifest.write_text(text)
    assert at_home(item_of(folder.root, uri), in_silence).folder != folder.root


def test_work_goes_on_where_another_machine_left_off(
    folder: SweepFolder, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and networks of the first machine reach the driver and the second one."""
    elsewhere = tmp_path / "not here"
    first = at_home(item_of(elsewhere, uri), in_silence)
    assert first.folder.is_relative_to(tmp_path / "cache")
    run_item(first, lambda _: None)
    rows = read_records(SweepFolder(first.folder).candidates, CandidateRecord)
    assert [row.images_trained for row in rows] == [200, 100]

    monkeypatch.setenv("TATL_SEARCH_CACHE", str(tmp_path / "second"))
    second = at_home(item_of(elsewhere, uri), in_silence)
    assert second.folder.is_relative_to(tmp_path / "second")
    run_item(second, lambda _: None)
    # What they cost was counted by who paid for it, and nothing was computed again.
    assert read_records(SweepFolder(second.folder).candidates, CandidateRecord) == rows

    with shipping(folder) as shipped:
        assert shipped is not None
        assert read_records(folder.candidates, CandidateRecord) == rows
    assert len(list(folder.trials.iterdir())) == 1


def test_a_sweep_that_is_gone_is_said_so(uri: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not hold the sweep test any more"):
        at_home(item_of(tmp_path / "not here", uri), in_silence)


def test_a_driver_brings_what_is_new_and_sends_what_it_wrote(folder: SweepFolder, uri: str) -> None:
    folder.data.mkdir()
    (folder.data / "images.arrow").write_bytes(b"images")
    with shipping(folder) as shipped:
        assert shipped is not None
        folder.journal.write_text("one\n")
        folder.trials.mkdir()
        row = folder.trials / "trial-00000.parquet"
        row.write_bytes(b"row")
        shipped.send(row)
    there = Mirror(folder.root, uri).names(folder.root)
    assert {path.name for path in there} >= {
        "sweep.yaml", "study.journal", "images.arrow", "trial-00000.parquet",
    }  # fmt: skip


def test_a_folder_is_made_from_a_uri_and_an_older_one_refused(
    folder: SweepFolder, uri: str, tmp_path: Path
) -> None:
    folder.journal.write_text("one\n")
    with shipping(folder):
        pass
    older = tmp_path / "older"
    shutil.copytree(folder.root, older)
    home = brought_home(uri, tmp_path / "sweeps")
    assert home == tmp_path / "sweeps" / "test"
    assert (home / "study.journal").read_text() == "one\n"
    assert brought_home(uri, tmp_path / "sweeps") == home  # it is here

    (home / "study.journal").write_text("one\ntwo\n")
    with shipping(SweepFolder(home)):
        pass
    with (
        pytest.raises(InputError, match="the sweep went on elsewhere"),
        shipping(SweepFolder(older)),
    ):
        pass
    with pytest.raises(InputError, match=r"is no sweep: it holds no sweep\.yaml"):
        brought_home(f"{uri}-absent", tmp_path / "sweeps")
    assert not (tmp_path / "sweeps" / "test-absent").exists()
