"""Paths as people write them: one rule in every option, and what is taken stays."""

import json
import os
from functools import partial
from pathlib import Path

import pytest
import yaml

import tatl_search
from tatl_search.errors import InputError
from tests.cli.conftest import SETTINGS, Tatl, make_images

NOBODY = "~nobody-of-this-name/x"
UNSET = "$TATL_NOT_SET/x"

OPTIONS: dict[str, tuple[str, ...]] = {
    "sweep SPACE": ("sweep", "{}.yaml"),
    "sweep --storage": ("sweep", "run.yaml", "--storage", "{}"),
    "adapt --storage": ("adapt", "run.yaml", "--storage", "{}"),
    "resume": ("resume", "{}"),
    "status": ("status", "{}"),
    "validate": ("validate", "{}.yaml"),
    "front": ("front", "{}"),
    "pick": ("pick", "{}"),
    "pick --export": ("pick", "SWEEP", "--export", "{}"),
    "finish --export": ("finish", "SWEEP", "--epochs", "1", "--export", "{}"),
    "latency": ("latency", "{}"),
    "latency --import": ("latency", "SWEEP", "--import", "{}"),
    "latency --output": ("latency", "run.yaml", "--table", "--output", "{}"),
    "plot --output": ("plot", "SWEEP", "--output", "{}.svg"),
    "compare": ("compare", "{}", "{}"),
    "compare --output": ("compare", "SWEEP", "SWEEP", "--output", "{}.svg"),
    "verify": ("verify", "{}"),
    "fetch": ("fetch", "{}"),
    "fetch FOLDER": ("fetch", "SWEEP", "{}"),
    "data pack --to": ("data", "pack", "run.yaml", "--to", "{}.arrow"),
    "data info": ("data", "info", "{}.arrow"),
    "data check": ("data", "check", "{}.yaml"),
    "data.path": ("adapt", "run.yaml", "--set", "data={{source: folder, path: '{}'}}"),
    "source.path": (
        *("adapt", "run.yaml", "--set", "source={{source: table, image_size: 32, path: '{}'}}"),
        *("--set", "prune.method=wealthadapt"),
    ),
    "network.weights": ("adapt", "run.yaml", "--set", "network.weights='{}.pth'"),
    "sweep.latency_table": ("adapt", "run.yaml", "--set", "sweep.latency_table='{}'"),
    "start.sweeps": ("adapt", "run.yaml", "--set", "sweep.start.sweeps=['{}']"),
    "base": ("adapt", "run.yaml", "--set", "base='{}'"),
}


@pytest.mark.parametrize("path", [NOBODY, UNSET])
@pytest.mark.parametrize("option", OPTIONS)
def test_a_home_or_variable_that_is_not_known_is_one_message(
    option: str, path: str, here: Path, adapted: Path, tatl: Tatl
) -> None:
    before = sorted(here.rglob("*"))
    words = [str(adapted) if word == "SWEEP" else word.format(path) for word in OPTIONS[option]]
    if option == "base":
        (here / "run.yaml").write_text(f"base: {path}")
        words = words[:2]
    ended = tatl(*words)
    assert (ended.code, ended.out) == (2, "")
    said = "a home that is not known" if path == NOBODY else "an environment variable that is not"
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert sorted(here.rglob("*")) == before


def test_home_and_variables_are_filled_in(
    here: Path, adapted: Path, tatl: Tatl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(adapted.parent))
    monkeypatch.setenv("RUNS", str(adapted.parent))
    front = tatl("front", adapted, "--json")
    for path in ("~/adapted", "$RUNS/adapted", "${RUNS}/adapted"):
        assert tatl("front", path, "--json") == front


def test_from_python_too(adapted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNS", str(adapted.parent))
    assert tatl_search.pick("$RUNS/adapted") == tatl_search.pick(adapted)
    with pytest.raises(InputError, match="a home that is not known"):
        tatl_search.pick(adapted, export=NOBODY)


def test_adapt_stores_paths_that_mean_the_same_everywhere(here: Path, tatl: Tatl) -> None:
    make_images(here / "images", {"cat": 12, "dog": 12})
    data = {"source": "folder", "path": "images", "image_size": 32}
    small = {"batch_size": 5, "epochs": 1}
    settings = {**SETTINGS, "data": data, "finetune": small, "retrain": small}
    (here / "run.yaml").write_text(yaml.safe_dump({**settings, "stop": {"max_rounds": 1}}))
    assert tatl("adapt", "run.yaml", "--name", "a").code == 0
    results = tatl_search.load_sweep(here / "sweeps/a")
    stored = [row.settings for row in results.candidates]
    stored += [row.settings for row in results.trials]
    assert {json.loads(text)["data"]["path"] for text in stored} == {str(here / "images")}
    assert results.manifest.space["data"]["path"] == str(here / "images")


@pytest.mark.parametrize("verb", ["sweep", "adapt"])
def test_a_name_that_is_not_utf_8_is_a_message(verb: str, here: Path, tatl: Tatl) -> None:
    before = sorted(here.rglob("*"))
    for words in (("--name", os.fsdecode(b"caf\xe9")), ("--storage", os.fsdecode(b"caf\xe9"))):
        ended = tatl(verb, "run.yaml", *words)
        assert (ended.code, ended.out) == (2, "")
        assert "a part of its path is not UTF-8" in ended.err
        assert "caf\\udce9" in ended.err
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("verb", ["pick", "finish"])
def test_a_taken_place_is_refused_before_any_work(
    verb: str, here: Path, adapted: Path, tatl: Tatl
) -> None:
    (here / "taken").mkdir()
    (here / "taken/mine.txt").write_text("mine")
    before = {path: path.stat().st_mtime_ns for path in adapted.rglob("*")}
    words = ("--epochs", "1") if verb == "finish" else ()
    ended = tatl(verb, adapted, *words, "--export", "taken")
    assert (ended.code, ended.out) == (2, "")
    assert (
        ended.err == f"tatl-search: {here}/taken exists already: name another folder or remove it\n"
    )
    assert {path: path.stat().st_mtime_ns for path in adapted.rglob("*")} == before
    call = tatl_search.pick if verb == "pick" else partial(tatl_search.finish, epochs=1)
    with pytest.raises(InputError, match="exists already"):
        call(adapted, export=here / "taken")
    assert not (adapted / "finished").exists()


@pytest.mark.parametrize("verb", ["pick", "finish"])
@pytest.mark.parametrize(
    ("place", "said"), [("x" * 300, "File name too long"), ("run.yaml/a", "Not a directory")]
)
def test_a_place_that_cannot_be_is_refused_before_any_work(
    place: str, said: str, verb: str, adapted: Path, here: Path, tatl: Tatl
) -> None:
    words = ("--epochs", "1") if verb == "finish" else ()
    ended = tatl(verb, adapted, *words, "--export", place)
    assert (ended.code, ended.out) == (2, "")
    assert f"cannot be made: {said}" in ended.err
    assert not (adapted / "finished").exists()


@pytest.mark.parametrize(
    ("place", "said"),
    [("no/such.json", "there is no folder"), (".", "it is a folder")],
)
def test_where_a_table_goes_is_looked_at_before_it_is_measured(
    place: str, said: str, here: Path, tatl: Tatl
) -> None:
    ended = tatl("latency", "--table", "run.yaml", "--output", place)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"tatl-search: {place} cannot be written: {said}")
