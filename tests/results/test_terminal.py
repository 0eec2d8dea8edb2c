"""The view of a sweep in a terminal (figures in conftest)."""

import io
from dataclasses import replace

from rich.console import Console

from tatl_search.results.pace import last_row
from tatl_search.results.store import SweepResults
from tatl_search.results.terminal import NETWORK, live_view, under_way
from tests.results.conftest import SweepWriter


def shown(results: SweepResults, running: bool) -> list[str]:
    console = Console(file=io.StringIO(), width=80, highlight=False)
    with console.capture() as captured:
        console.print(live_view(results, running, last_row(results), 80))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_how_far_how_fast_and_the_front(results: SweepResults) -> None:
    lines = shown(results, running=False)
    assert lines[0].endswith("4 of 4 trials")
    assert "images/s" in lines[1]
    assert "made: not running, 4 of 4 trials ended" in lines
    picture = [line for line in lines if NETWORK in line]
    # From the top: 0.95 at all MACs and 0.94 at 60 % in one line or two, then 0.90, then 0.70.
    assert sum(line.count(NETWORK) for line in picture) == 4
    assert picture[0].rstrip().endswith(NETWORK)
    assert picture[-1].index(NETWORK) < picture[0].index(NETWORK)
    assert lines[-1].split() == ["0", "100", "M", "MACs"]
    assert max(map(len, lines)) <= 80


def test_running_trials_have_bars(results: SweepResults) -> None:
    settings = '{"stop": {"max_rounds": 5}}'
    running = replace(
        results,
        trials=results.trials[:1],
        candidates=tuple(replace(row, settings=settings) for row in results.candidates),
    )
    assert [(row.trial, row.round) for row in under_way(running)] == [(1, 2), (2, 1)]
    lines = shown(running, running=True)
    assert lines[1].endswith("trial 1, round 2 of at most 5: 70.0 %")
    assert lines[2].endswith("trial 2, round 1 of at most 5: 94.0 %")
    assert "left" in lines[3]


def test_a_sweep_without_candidates_has_no_picture(write_sweep: SweepWriter) -> None:
    lines = shown(replace(write_sweep(candidates=()), trials=()), running=True)
    assert lines[0].endswith("0 of 4 trials")
    assert "? left" in lines[1]
    assert not any(NETWORK in line for line in lines)
