"""The report holds everything, loads nothing, and lets no name become markup."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs

from tatl_search.errors import StorageError
from tatl_search.results.report import report_html, write_report
from tatl_search.results.store import SweepResults
from tests.results.conftest import SweepWriter, baseline

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'"


class _Reader(HTMLParser):
    """Collects the text and whatever could load something."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        loading = ("src", "href", "action", "data", "srcset", "poster")
        self.loads += [str(value) for name, value in attrs if name in loading]
        self.loads += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["script"]:
            self.text.append(data.strip())


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def test_it_holds_front_trials_costs_settings_and_environment(results: SweepResults) -> None:
    found = _read(report_html(results)).text
    for cell in (
        "trial 0 round 2", "90.0 (86.7-92.6)", "30.0 M", "input 24 px",
        "max_drop: fell by 0.25", "collapsed: accuracy 0.11 is that of guessing", "infeasible",
        "11,000", "3,300", "2,500", "0.7160", "accuracy 0, MACs 100,000,000",
    ):  # fmt: skip
        assert cell in found
    text = "\n".join(found)
    assert "Pruning loses to input 24 px" in text
    assert "low: 0.8" in text
    assert '"cpus": 2' in text


def test_it_loads_nothing_from_anywhere(results: SweepResults) -> None:
    html = report_html(results)
    reader = _read(html)
    assert reader.loads == []
    assert set(reader.tags).isdisjoint({"link", "iframe", "img", "object", "embed", "form"})
    ours = html.replace(get_plotlyjs(), "")
    assert re.findall(r"https?://[^\s\"']*", ours) == []
    assert "default-src 'none'" in html
    assert '"showSendToCloud": false' in ours


def test_no_name_becomes_markup(write_sweep: SweepWriter) -> None:
    html = report_html(write_sweep(baselines=(baseline(EVIL, 0.92, 0.3),), name=EVIL))
    reader = _read(html)
    assert reader.loads == []
    assert "img" not in reader.tags
    # Plotly's library and the figure: no third.
    assert reader.tags.count("script") == 2
    assert "alert(1)</script>" not in html.replace(get_plotlyjs(), "")
    assert EVIL in reader.text


def test_it_is_written_in_one_piece(results: SweepResults) -> None:
    path = write_report(results)
    assert path == results.folder.root / "report.html"
    assert path.read_text(encoding="utf-8").endswith("</body></html>")
    assert not list(path.parent.glob("*.part"))


def test_a_folder_that_cannot_be_written_is_said(results: SweepResults) -> None:
    (results.folder.root / "report.html").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*report\.html"):
        write_report(results)


def test_an_empty_sweep_has_a_report(write_sweep: SweepWriter) -> None:
    assert "No candidate yet." in report_html(write_sweep(candidates=()))


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the browser chromium")
def test_a_browser_draws_the_figure(results: SweepResults, tmp_path: Path) -> None:
    """The policy must not keep plotly itself from working; drawn points are SVG paths."""
    path = write_report(results)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    done = subprocess.run(
        [
            "chromium", *options, f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=5000", "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    drawn = done.stdout.partition('id="front"')[2]
    assert drawn.count('class="point"') >= 8 + 1 + 1 + 2
    assert "accuracy against MACs" in drawn
    assert "loud" not in "".join(re.findall(r'data-title="([^"]*)"', drawn))
