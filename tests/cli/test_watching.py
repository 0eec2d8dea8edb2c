"""Following a sweep: a view in a terminal, lines elsewhere, and an end."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tatl_search.cli import watching
from tatl_search.results.store import SweepResults, load_sweep
from tests.cli.conftest import Tatl


@pytest.fixture
def looks(adapted: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[SweepResults, bool]]:
    """Return what is seen: nothing ended yet, twice, and then the end."""
    monkeypatch.setattr(watching, "LEAST_PAUSE_S", 0.0)
    ended = load_sweep(adapted)
    begun = replace(ended, trials=())
    return iter([(begun, True), (begun, True), (ended, False)])


def test_elsewhere_a_line_is_added_when_something_ended(
    looks: Iterator[tuple[SweepResults, bool]],
) -> None:
    file = io.StringIO()
    watching.watch(lambda: next(looks), Console(file=file, width=200))
    first, last = file.getvalue().splitlines()
    assert first.startswith("0 of 1 trials, 3 candidates, ")
    assert first.endswith("left")
    assert last.startswith("1 of 1 trials, 3 candidates, ")
    assert "left" not in last


def test_in_a_terminal_the_view_is_renewed(
    looks: Iterator[tuple[SweepResults, bool]], tmp_path: Path
) -> None:
    with (tmp_path / "terminal").open("w+", encoding="utf-8") as file:
        watching.watch(lambda: next(looks), Console(file=file, width=80, force_terminal=True))
        file.seek(0)
        text = file.read()
    assert "0 of 1 trials" in text
    assert "1 of 1 trials" in text
    assert "●" in text


def test_ctrl_c_leaves(looks: Iterator[tuple[SweepResults, bool]]) -> None:
    def interrupted() -> tuple[SweepResults, bool]:
        raise KeyboardInterrupt

    watching.watch(interrupted, Console(file=io.StringIO()))


def test_a_sweep_that_ended_is_shown_once(adapted: Path, tatl: Tatl) -> None:
    ended = tatl("status", adapted, "--watch")
    assert ended.code == 0
    assert ended.out.startswith("1 of 1 trials, 3 candidates, ")
    assert tatl("status", adapted, "--watch", "--json").code == 2
