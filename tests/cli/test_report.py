"""The verb `report`: what the page tells people to type does what it says."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

from tatl_search.config import read_settings
from tatl_search.records import CandidateRecord
from tatl_search.results.store import load_sweep
from tatl_search.space import load_space
from tests.browser import chromium, needs_chromium, opened
from tests.cli.conftest import Tatl


@pytest.fixture
def copied(adapted: Path, here: Path) -> Path:
    """Return a copy of a real run, in the folder in which commands run."""
    return Path(shutil.copytree(adapted, here / "sweeps" / "my run"))


def test_it_prints_where_it_is(copied: Path, tatl: Tatl) -> None:
    ended = tatl("report", copied)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.strip() == str(copied / "report.html")
    assert (copied / "report.html").stat().st_size > 1e6


def test_what_is_no_sweep_is_refused(here: Path, tatl: Tatl) -> None:
    ended = tatl("report", here)
    assert ended.code == 2
    assert "is no sweep" in ended.err
    assert not (here / "report.html").exists()


@needs_chromium
def test_its_command_picks_and_its_settings_reproduce(copied: Path, here: Path, tatl: Tatl) -> None:
    tatl("report", copied.relative_to(here))
    rows = json.loads(tatl("front", copied, "--json").out)["candidates"]
    shown = []
    with chromium() as browser, opened(browser, copied / "report.html") as page:
        for row in rows:
            page.evaluate("([trial, round]) => choose(rowOf(trial, round))", [0, row["round"]])
            shown.append(page.locator("#card pre").first.text_content() or "")
        settings = page.locator("#reproduce pre").text_content() or ""
    for row, command in zip(rows, shown, strict=True):
        words = shlex.split(command.replace("\\\n", ""))  # as a shell goes on
        assert words[:3] == ["tatl-search", "pick", "sweeps/my run"]
        assert words[-2:] == ["--export", "my-network"]
        picked = json.loads(tatl(*words[1:-2], "--json").out)["candidate"]
        assert picked["stage"] == row_of(copied, row["round"]).stage
    (here / "again.yaml").write_text(settings, encoding="utf-8")
    again = load_space(here / "again.yaml", []).single()
    assert again == read_settings(row_of(copied, 0).settings)


def row_of(sweep: Path, number: int) -> CandidateRecord:
    return next(row for row in load_sweep(sweep).candidates if row.round == number)
