"""Progress: a line a round in a file, a panel in a terminal."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from tatl_search.cli.progress import ProgressDisplay
from tatl_search.cli.training import training_text
from tatl_search.records import StopReason
from tatl_search.search.progress import Snapshot
from tatl_search.search.report import EndReport, Report, TrainingReport
from tatl_search.search.work import WorkKind
from tests.tracking.made import made_report

CANDIDATE = made_report(accuracy=0.9, macs=12_340_000, parameters=1_500_000)
END = EndReport(kind=WorkKind.TRIAL, label="trial 3", stop_reason=StopReason.MAX_DROP)
SNAPSHOT = Snapshot(
    trials=8, done=2, candidates=7, best=CANDIDATE, log_area=0.3014, area=0.4567, elapsed_s=65.0,
    left_s=3725.0,
)  # fmt: skip


TRAINING = TrainingReport(label="unpruned", done=2.5, epochs=8, accuracy=0.6123, left_s=65.0)


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
        "trials 2/8, rounds 7, best 0.900 at 12.34 M MACs, log area 0.301, area 0.457, elapsed"
        " 1:05, left 1:02:05"
    )


def test_an_unusable_setting_is_named_with_its_reason() -> None:
    bad = replace(END, stop_reason=None, infeasible_reason="collapsed", detail="accuracy 0.1")
    assert "trial 3 ended: collapsed: accuracy 0.1" in shown(bad)


def test_what_was_shown_before_is_not_shown_again() -> None:
    """A promoted trial: all up to its last network is that of the trial below it."""
    again = [
        replace(CANDIDATE, label=f"trial 3 round {n}", round=n, same_as=f"trial 1 round {n}")
        for n in range(3)
    ]
    new = replace(CANDIDATE, label="trial 3 round 3, finished", round=3)
    first, second, third = shown(*again, new, replace(new, label="trial 3 round 4")).splitlines()
    assert first.endswith("trial 3 goes on after trial 1 round 2")
    assert "trial 3 round 3, finished: accuracy" in second
    assert "trial 3 round 4: accuracy" in third


def test_the_unpruned_network_that_trials_share_needs_no_word() -> None:
    unpruned = replace(CANDIDATE, label="trial 3 round 0", round=0, same_as="unpruned")
    (line,) = shown(unpruned, CANDIDATE).splitlines()
    assert "trial 3 round 2: accuracy" in line


def test_a_trial_without_anything_new_says_where_it_ended() -> None:
    again = replace(CANDIDATE, same_as="trial 1 round 2")
    lines = shown(again, replace(END, last=again)).splitlines()
    assert lines[0].endswith("trial 3 goes on after trial 1 round 2")
    assert lines[1].endswith("trial 3 ended: max_drop")


def test_what_people_name_is_no_markup() -> None:
    assert "[bold]x[/y]: accuracy" in shown(replace(CANDIDATE, label="[bold]x[/y]"))


def test_a_terminal_gets_a_panel() -> None:
    text = shown(None, CANDIDATE, terminal=True)
    assert "trial 3 round 2" in text
    for name, value in {"trials": "2/8", "log area": "0.301", "left": "1:02:05"}.items():
        assert name in text
        assert value in text
    assert "[dim]" not in text


def test_a_first_fine_tuning_has_a_bar_in_a_terminal() -> None:
    text = shown(None, TRAINING, terminal=True)
    assert "unpruned: epoch 3 of 8, training accuracy 0.612, 1:05 left" in text
    over = shown(None, replace(TRAINING, done=8.0), terminal=True)
    assert "unpruned" not in over


def test_elsewhere_it_has_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("tatl_search.cli.training.time.monotonic", lambda: now[0])
    file = io.StringIO()
    with ProgressDisplay(Console(file=file, width=140)) as display:
        for second in range(41):
            now[0] = float(second)
            display.hear(replace(TRAINING, done=second / 5), SNAPSHOT)
    lines = file.getvalue().splitlines()
    assert [line.partition("unpruned: ")[2].partition(",")[0] for line in lines] == [
        "epoch 1 of 8",
        "epoch 4 of 8",
        "epoch 7 of 8",
    ]


def test_without_an_epoch_there_is_no_accuracy_and_no_time() -> None:
    early = replace(TRAINING, done=0.0, accuracy=None, left_s=None)
    assert training_text(early) == "epoch 1 of 8"
