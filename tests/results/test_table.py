"""What the table says, row for row (figures in conftest)."""

import io

from rich.console import Console

from tatl_search.results.store import SweepResults
from tatl_search.results.table import front_table, rows_of_table
from tests.results.conftest import SweepWriter, baseline


def _printed(results: SweepResults) -> str:
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(front_table(results))
    return console.export_text()


def test_unpruned_then_the_front_from_large_to_small_then_baselines(results: SweepResults) -> None:
    unpruned, front, baselines = rows_of_table(results)
    assert unpruned == [
        ("unpruned", "0", "0", "95.0 % (92.4-96.7)", "100 M (100 %)", "1.00 M", "4.00 MB", "")
    ]
    assert [row[:3] for row in front] == [
        ("pruned", "0", "1"),
        ("pruned (knee)", "0", "2"),
        ("pruned", "1", "2"),
    ]
    assert front[0][3:] == (
        "94.0 % (91.2-95.9)", "60.0 M (60 %)", "600 k", "2.40 MB", "-1.0 points, 1.7x fewer MACs",
    )  # fmt: skip
    assert [row[0] for row in baselines] == ["input 16 px", "input 24 px"]


def test_it_prints_with_the_verdict_below(results: SweepResults) -> None:
    text = _printed(results)
    assert "Front of made" in text
    assert "pruned (knee)" in text
    assert "Pruning loses to input 24 px" in text


def test_names_are_never_read_as_markup(write_sweep: SweepWriter) -> None:
    name = "[red]input[/red] [/nonsense]"
    assert name in _printed(write_sweep(baselines=(baseline(name, 0.92, 0.30),), name="[bold]x"))


def test_a_sweep_without_candidates_prints_so(write_sweep: SweepWriter) -> None:
    assert "No candidate yet." in _printed(write_sweep(candidates=()))
