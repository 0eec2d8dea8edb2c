"""Bringing a sweep home: whole, again, of a front only, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest

from tatl_search.deploy.source import File, Source
from tatl_search.manifest import SweepFolder
from tatl_search.results.store import load_sweep
from tatl_search.search.lock import only_driver
from tatl_search.tracking import merging
from tatl_search.tracking.merging import Merger
from tests.cli.conftest import Tatl

MANIFEST = "sweep.yaml"


@pytest.fixture
def far(adapted: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, to fetch from and to harm."""
    return Path(shutil.copytree(adapted, tmp_path / "far" / "task"))


def contents(folder: Path) -> dict[str, bytes]:
    """Return what a sweep's folder holds, locks and Tune's own files left out."""
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    named = {str(path.relative_to(folder)): path for path in files}
    left = ("lock", "ray/")
    return {
        name: path.read_bytes()
        for name, path in named.items()
        if not name.endswith((".lock", ".use")) and not name.startswith(left)
    }


def test_everything_comes_home_once(far: Path, tatl: Tatl, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = tatl("fetch", far, home)
    assert (first.code, first.out) == (0, "")
    wanted = contents(far)
    assert {MANIFEST, "environment.json"} <= set(wanted)
    assert contents(home) == wanted
    assert f"{len(wanted) - 1} files copied" in first.err
    assert f"0 files copied (0.0 MB), {len(wanted) - 1} were here" in tatl("fetch", far, home).err
    assert tatl("front", home).out == tatl("front", far).out.replace(str(far), str(home))


def test_a_uri_is_read_too_and_the_front_alone(far: Path, tatl: Tatl, tmp_path: Path) -> None:
    results = load_sweep(far)
    extra = far / "stages" / ("0" * 40)
    shutil.copytree(far / "stages" / results.candidates[0].stage, extra)
    ended = tatl("fetch", far.as_uri(), tmp_path / "home", "--front")
    assert ended.code == 0, ended.err
    here = {path.name for path in (tmp_path / "home" / "stages").iterdir()}
    assert here <= {row.stage for row in results.candidates}
    picked = tatl("pick", tmp_path / "home", "--knee", "--export", tmp_path / "network")
    assert picked.code == 0, picked.err
    assert tatl("report", tmp_path / "home").code == 0


def test_what_was_done_here_is_not_lost(far: Path, tatl: Tatl, tmp_path: Path) -> None:
    """An export at home opened the test split; a resume at home went on with the study."""
    home = tmp_path / "home"
    log, journal = home / "test_openings.jsonl", home / "study.journal"
    tatl("fetch", far, home)
    log.write_text('{"opened": "at home"}\n')
    (far / log.name).write_text('{"opened": "there"}\n')
    assert tatl("fetch", far, home).code == 0
    assert log.read_text() == '{"opened": "there"}\n{"opened": "at home"}\n'

    with only_driver(SweepFolder(home)):
        assert "home is running" in tatl("fetch", far, home).err
    journal.write_bytes(b"one entry more\n")
    ended = tatl("fetch", far, home)
    assert (ended.code, ended.out) == (2, "")
    assert "went on after it was fetched: its study.journal is longer" in ended.err


def test_a_cut_off_fetch_goes_on(far: Path, tatl: Tatl, tmp_path: Path) -> None:
    home = tmp_path / "home"
    tatl("fetch", far, home)
    # As it is left by a kill before all rows were here.
    (home / MANIFEST).rename(home / ".fetching.yaml")
    shutil.rmtree(home / "trials")
    shutil.rmtree(home / "stages")
    assert "no sweep" in tatl("front", home).err
    assert tatl("fetch", far, home).code == 0
    assert contents(home) == contents(far)


def test_what_changed_is_fetched_again(far: Path, tatl: Tatl, tmp_path: Path) -> None:
    home = tmp_path / "home"
    tatl("fetch", far, home)
    (far / "environment.json").write_text('{"cpus": 1}')
    assert "1 files copied" in tatl("fetch", far, home).err
    assert json.loads((home / "environment.json").read_text()) == {"cpus": 1}


def test_a_damaged_network_is_named_and_left_out(far: Path, tatl: Tatl, tmp_path: Path) -> None:
    key = load_sweep(far).candidates[-1].stage
    weights = far / "stages" / key / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    ended = tatl("fetch", far, tmp_path / "home")
    assert ended.code == 1
    assert f"1 stored networks do not match their checksums and were left out: {key}" in ended.err
    assert not (tmp_path / "home" / "stages" / key).exists()


def test_what_is_refused(far: Path, tatl: Tatl, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    for words, said in (
        ((tmp_path / "nowhere",), "is no folder"),
        ((other,), "is no sweep"),
        ((far, far), "is the sweep itself"),
        ((far, other), "holds something else"),
        (("ftp://me:hunter2@host/sweeps/x",), "ftp://***@host/sweeps/x"),
    ):
        ended = tatl("fetch", *words)
        assert ended.code == 2, said
        assert said in ended.err
        assert "hunter2" not in ended.err
    assert [path.name for path in other.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("when", ["before", "while it is copied"])
def test_rows_that_were_merged_are_here_once(
    far: Path, tatl: Tatl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    home, before = tmp_path / "home", load_sweep(far).candidates
    monkeypatch.setattr(merging, "BATCH", 2)
    copy, merger = Source.copy, Merger(SweepFolder(far))

    def merge_first(source: Source, file: File, goal: Path) -> bool:
        monkeypatch.setattr(Source, "copy", copy)
        assert merger.merge()
        return copy(source, file, goal)

    if when == "before":
        tatl("fetch", far, home)
        assert merger.merge()
    else:
        monkeypatch.setattr(Source, "copy", merge_first)
    assert tatl("fetch", far, home).code == 0
    assert load_sweep(home).candidates == before
    assert contents(home) == contents(far)
    assert len(list((home / "candidates").glob("merged-*"))) == 1
