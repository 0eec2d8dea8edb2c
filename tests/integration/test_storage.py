"""Whole sweeps behind a real S3 endpoint: the same rows as in a folder, and nothing is lost."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tatl_search.adaptation.opening import open_store
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord
from tatl_search.remote.mirror import Mirror, mirror_of
from tatl_search.results.store import load_sweep
from tests.integration.audit import Snapshot, audit, stored_rows
from tests.integration.drivers import Driver, faulty_space
from tests.s3 import BUSY, KEY, SECRET, Trouble, Way, endpoint

WITHIN_S = 900
SERIAL = {"max_concurrent": 1, "sampler": "random"}


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """Return the way to an empty bucket; sweeps lie in `tmp_path / "sweeps"`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TATL_SEARCH_CACHE", str(tmp_path / "cache"))
    with endpoint(monkeypatch) as way:
        yield way


def launched(space: Mapping[str, Any], storage: str, name: str) -> Driver:
    file = Path(f"{name}.yaml")
    file.write_text(yaml.safe_dump(dict(space)))
    return Driver(["sweep", file, "--storage", storage, "--name", name], Path(f"{name}.log"))


def resumed(uri: str) -> Driver:
    return Driver(["resume", uri], Path("resumed.log"))


def rows_behind(uri: str, into: Path) -> Mapping[str, CandidateRecord]:
    """Return what the candidates in the bucket say, by their names."""
    mirror = Mirror(into, uri)
    assert all(mirror.bring(path) for path in mirror.names(SweepFolder(into).candidates))
    return stored_rows(into)


def bring_networks(folder: SweepFolder) -> None:
    store = open_store(folder, mirror_of(folder))
    for row in load_sweep(folder.root).candidates:
        assert store.find(row.stage)


def told(row: CandidateRecord) -> tuple[object, ...]:
    return row.label, row.round, row.stage, row.accuracy, row.macs, row.images_trained, row.reused


def assert_no_secret(*folders: Path) -> None:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        content = path.read_bytes()
        assert SECRET.encode() not in content, path
        assert KEY.encode() not in content, path


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_driver_whose_disk_is_lost_goes_on_from_the_uri(s3: Way, tmp_path: Path) -> None:
    uri, folder = s3.uri("all/lost"), Path("sweeps/lost")
    with launched(faulty_space(sweep=SERIAL), s3.uri("all"), "lost") as driver:
        driver.await_file(folder / "trials", "trial-*", 1, WITHIN_S)
        driver.await_file(folder / "candidates", "trial-00001-*", 2, WITHIN_S)
    shutil.rmtree(folder)
    before = Snapshot(rows_behind(uri, tmp_path / "then"), {})
    assert len(before.rows) >= 4

    with resumed(uri) as driver:
        assert driver.end(WITHIN_S) == 0, driver.output
    bring_networks(SweepFolder(folder))
    assert audit(folder, before).faults == ()
    assert load_sweep(folder).paused is None

    mirror = Mirror(tmp_path / "home", uri)
    for path in mirror.names(tmp_path / "home"):
        mirror.bring(path)
    assert load_sweep("home").candidates == load_sweep(folder).candidates
    assert (tmp_path / "home" / "report.html").is_file()
    assert_no_secret(tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_rows_are_those_of_a_folder(s3: Way) -> None:
    """Cut and refused connections on the way change nothing either."""
    space = faulty_space(sweep=SERIAL)
    with launched(space, "plain", "same") as driver:
        assert driver.end(WITHIN_S) == 0, driver.output
    with launched(space, s3.uri("all"), "same") as driver:
        driver.await_file(Path("sweeps/same/candidates"), "trial-*", 1, WITHIN_S)
        for trouble in (Trouble(away=True), Trouble(cut_after=1000), Trouble(answer=BUSY)):
            s3.trouble = trouble
            time.sleep(20)
            s3.trouble = Trouble()
            time.sleep(5)
        assert driver.end(WITHIN_S) == 0, driver.output
    plain, behind = load_sweep("plain/same"), load_sweep("sweeps/same")
    assert [told(row) for row in behind.candidates] == [told(row) for row in plain.candidates]
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == SECRET
    assert_no_secret(Path("sweeps"))
