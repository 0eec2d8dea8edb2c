"""What the table says, row for row (figures in conftest)."""

import io
from collections.abc import Callable
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from tatl_search.figures import GOALS, LATENCY_MS, PARAMETERS
from tatl_search.records import Kind
from tatl_search.results.store import SweepResults
from tatl_search.results.table import candidates_table, front_table, sections
from tests.results.conftest import SweepWriter, baseline


def _printed(
    results: SweepResults,
    width: int = 160,
    table: Callable[[SweepResults], Table] = front_table,
) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(table(results))
    return console.export_text()


def test_unpruned_then_the_front_from_large_to_small_then_baselines(results: SweepResults) -> None:
    unpruned, front, baselines = sections(results)
    (whole,) = unpruned
    assert whole.cells == (
        "unpruned", "95.0 (92.4-96.7)", "", "100 M", "100 %", "", "1.00 M", "4.00 MB",
    )  # fmt: skip
    assert front[0].cells == (
        "trial 0 round 1", "94.0 (91.2-95.9)", "-1.0", "60.0 M", "60 %", "1.7x", "600 k",
        "2.40 MB",
    )  # fmt: skip
    listed = [(row.network, row.is_knee) for row in front]
    assert listed == [
        ("trial 0 round 1", False), ("trial 0 round 2", True), ("trial 1 round 2", False),
    ]  # fmt: skip
    assert [row.network for row in baselines] == ["input 16 px", "input 24 px"]


def test_networks_are_listed_before_the_unpruned_one_is_trained(results: SweepResults) -> None:
    """With `start: pretrained` it is trained beside the trials."""
    early = replace(
        results,
        candidates=tuple(row for row in results.candidates if row.kind is not Kind.UNPRUNED),
        roots=(),
    )
    assert early.unpruned is None
    unpruned, front, baselines = sections(early)
    assert unpruned == []
    assert front[0].cells == (
        "trial 0 round 1", "94.0 (91.2-95.9)", "", "60.0 M", "60 %", "", "600 k", "2.40 MB",
    )  # fmt: skip
    assert len(front) == 3
    assert [row.network for row in baselines] == ["input 16 px", "input 24 px"]
    assert "trial 1 round 1" in _printed(early, table=candidates_table)


def test_a_baseline_of_the_front_stands_in_it(contested: SweepResults) -> None:
    _, front, baselines = sections(contested)
    assert [(row.network, row.share, row.is_knee) for row in front] == [
        ("trial 0 round 1", "60 %", False),
        ("input 24 px", "30 %", True),
        ("trial 1 round 2", "20 %", False),
    ]
    assert [row.network for row in baselines] == ["input 16 px"]


def test_no_cell_is_cut_on_a_terminal_of_80_columns(results: SweepResults) -> None:
    lines = [" ".join(line.split()) for line in _printed(results, width=80).splitlines()]
    assert "trial 0 round 2 90.0 (86.7-92.6) -5.0 30.0 M 30 % 3.3x 300 k 1.20 MB" in lines


def test_further_objectives_cut_no_cell_either(write_sweep: SweepWriter) -> None:
    results = write_sweep(objectives=(GOALS["balanced_accuracy"], PARAMETERS, LATENCY_MS))
    text = _printed(results, width=80)
    assert "…" not in text
    assert len(max(text.splitlines(), key=len)) <= 80


def test_all_candidates_with_the_front_marked(results: SweepResults) -> None:
    lines = _printed(results, table=candidates_table).splitlines()
    assert sum(line.startswith("unpruned * ") for line in lines) == 3
    assert any(line.startswith("trial 0 round 1 * ") for line in lines)
    assert any(line.startswith("trial 1 round 1   ") for line in lines)


def test_it_prints_with_the_verdict_below(results: SweepResults) -> None:
    text = _printed(results)
    assert "Front of made" in text
    assert "The knee is trial 0 round 2." in text
    assert "Pruning beats all 2 baselines" in text


def test_names_are_never_read_as_markup(write_sweep: SweepWriter) -> None:
    name = "[red]input[/red] [/nonsense]"
    assert name in _printed(write_sweep(baselines=(baseline(name, 0.92, 0.30),), name="[bold]x"))


def test_a_sweep_without_candidates_prints_so(write_sweep: SweepWriter) -> None:
    assert "No candidate yet." in _printed(write_sweep(candidates=()))
