"""The report holds everything, loads nothing, and lets no name become markup.

What its script makes of it is looked at in a browser: `test_report_browser.py`.
"""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from plotly.offline import get_plotlyjs

from tatl_search.errors import StorageError
from tatl_search.results.importance import Importance
from tatl_search.results.report import report_html, write_report
from tatl_search.results.store import SweepResults
from tests.results.conftest import SweepWriter, baseline

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'"
IMPORTANCE = Importance({"prune.rate": 0.75, "stop.max_drop": 0.25}, trials=50, best=0.1)
UNKNOWN = Importance({}, trials=4, best=0.1)


class _Reader(HTMLParser):
    """Collects the text, the scripts and whatever could load something."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        loading = ("src", "href", "action", "data", "srcset", "poster")
        self.loads += [str(value) for name, value in attrs if name in loading]
        self.loads += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        (self.scripts if self.tags[-1:] == ["script"] else self.text).append(data.strip())


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def test_it_holds_trials_costs_settings_and_environment(results: SweepResults) -> None:
    found = _read(report_html(results, IMPORTANCE)).text
    for cell in (
        "max_drop: fell by 0.25", "collapsed: accuracy 0.11 is that of guessing", "infeasible",
        "11,000", "3,300", "2,500 (18.5 % of what it would have cost without)", "0.7160",
        "accuracy 0, MACs 100,000,000", "10, 7", "prune.rate", "75.0 %", "cpus", "2",
    ):  # fmt: skip
        assert cell in found
    text = "\n".join(found)
    assert "Pruning beats all 2 baselines" in text
    assert "4 of 4 trials ended, 10 candidates" in text
    assert "1 infeasible (collapsed)" in text
    assert "low: 0.8" in text


def test_too_few_trials_have_no_importance(results: SweepResults) -> None:
    assert "Too few trials to tell: 4 ended" in report_html(results, UNKNOWN)


def test_it_loads_nothing_from_anywhere(results: SweepResults) -> None:
    html = report_html(results, IMPORTANCE)
    reader = _read(html)
    assert all(found.startswith("#") for found in reader.loads)
    assert set(reader.tags).isdisjoint({"link", "iframe", "img", "object", "embed", "form"})
    ours = html.replace(get_plotlyjs(), "")
    assert re.findall(r"https?://[^\s\"']*", ours) == []
    assert "default-src 'none'" in html
    assert "showSendToCloud: false" in ours


def test_only_its_own_scripts_may_run(results: SweepResults) -> None:
    html = report_html(results, IMPORTANCE)
    allowed = re.findall(r"'sha256-([^']+)'", html)
    running = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in running]
    assert digests == allowed
    assert "'unsafe-inline'" not in html.partition("script-src")[2].partition(";")[0]


def test_no_name_becomes_markup(write_sweep: SweepWriter) -> None:
    results = write_sweep(baselines=(baseline(EVIL, 0.92, 0.3),), name=EVIL)
    html = report_html(results, Importance({EVIL: 1.0}, trials=10, best=0.5))
    reader = _read(html)
    assert all(found.startswith("#") for found in reader.loads)
    assert "img" not in reader.tags
    # The data, plotly's library and our own script: no fourth.
    assert reader.tags.count("script") == 3
    assert "alert(1)</script>" not in html.replace(get_plotlyjs(), "")
    assert EVIL in reader.text


def test_it_is_written_in_one_piece(results: SweepResults) -> None:
    path = write_report(results, UNKNOWN)
    assert path == results.folder.root / "report.html"
    assert path.read_text(encoding="utf-8").endswith("</body></html>")
    assert not list(path.parent.glob("*.part"))


def test_a_folder_that_cannot_be_written_is_said(results: SweepResults) -> None:
    (results.folder.root / "report.html").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*report\.html"):
        write_report(results, UNKNOWN)
