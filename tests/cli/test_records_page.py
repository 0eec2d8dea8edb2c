"""What docs/records.md shows of other tools works on a real run's folder."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/records.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SHOWS = {
    "pandas": r"trial 0 round 2",
    "polars": r"400",
    "GROUP BY": r"adapted",
    "duckdb": r"complete.*max_rounds.*0\.3",
}
"""What each prints of the run in conftest; the first that is in the example counts."""


@pytest.fixture
def sweeps(adapted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps/quickstart").symlink_to(adapted)
    monkeypatch.chdir(tmp_path)


def test_there_is_one_for_each_tool() -> None:
    for tool in ("pandas", "polars", "duckdb"):
        assert any(f"import {tool}" in example for example in EXAMPLES)


@pytest.mark.usefixtures("sweeps")
@pytest.mark.parametrize("example", EXAMPLES)
def test_it_runs_and_shows_the_run(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(example, {})
    shown = capsys.readouterr().out
    expected = next(text for word, text in SHOWS.items() if word in example)
    assert re.search(expected, shown), shown
