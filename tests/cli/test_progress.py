"""Progress: a line a round in a file, a panel in a terminal."""

import io
from dataclasses import replace

from rich.console import Console

from tatl_search.cli.progress import ProgressDisplay
from tatl_search.records import StopReason
from tatl_search.search.progress import Snapshot
from tatl_search.search.report import EndReport, Report
from tatl_search.search.work import WorkKind
from tests.tracking.made import made_report

CANDIDATE = made_report(accuracy=0.9, macs=12_340_000, parameters=1_500_000)
END = EndReport(kind=WorkKind.TRIAL, label="trial 3", stop_reason=StopReason.MAX_DROP)
SNAPSHOT = Snapshot(
    trials=8, done=2, candidates=7, best=CANDIDATE, hypervolume=0.4567, elapsed_s=65.0,
    left_s=3725.0,
)  # fmt: skip


def shown(*reports: Report | None, terminal: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=140, markup=False, highlight=False)
    with ProgressDisplay(console) as display:
        for report in reports:
            display.hear(report, SNAPSHOT)
    return file.getvalue()


def test_a_candidate_is_a_line() -> None:
    line = shown(None, CANDIDATE)
    assert line.count("\n") == 1
    assert line.endswith("  trial 3 round 2: accuracy 0.900, 12.34 M MACs, 1.50 M parameters\n")


def test_the_end_of_a_trial_says_why_and_where_the_sweep_stands() -> None:
    first, second = shown(END).splitlines()
    assert first.endswith("trial 3 ended: max_drop")
    assert second.strip() == (
        "trials 2/8, rounds 7, best 0.900 at 12.34 M MACs, hypervolume 0.457, elapsed 1:05,"
        " left 1:02:05"
    )


def test_an_unusable_setting_is_named_with_its_reason() -> None:
    bad = replace(END, stop_reason=None, infeasible_reason="collapsed", detail="accuracy 0.1")
    assert "trial 3 ended: collapsed: accuracy 0.1" in shown(bad)


def test_what_people_name_is_no_markup() -> None:
    assert "[bold]x[/y]: accuracy" in shown(replace(CANDIDATE, label="[bold]x[/y]"))


def test_a_terminal_gets_a_panel() -> None:
    text = shown(None, CANDIDATE, terminal=True)
    assert "trial 3 round 2" in text
    for name, value in {"trials": "2/8", "hypervolume": "0.457", "left": "1:02:05"}.items():
        assert name in text
        assert value in text
    assert "[dim]" not in text
