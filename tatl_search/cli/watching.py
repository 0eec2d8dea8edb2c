"""Following a sweep from its rows, on any machine that sees its folder."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live

from tatl_search.results.pace import last_row, pace
from tatl_search.results.store import SweepResults
from tatl_search.results.terminal import live_view, rates_text

LEAST_PAUSE_S = 2.0
SHARE_AT_WORK = 0.1
"""A folder of many rows takes a while to read: no more than this share of the time goes into it."""


def watch(look: Callable[[], tuple[SweepResults, bool]], console: Console) -> None:
    """Show a sweep until it no longer runs or the user leaves with Ctrl-C.

    In a terminal the view is renewed in place. Elsewhere, and in a terminal without Unicode, a
    line is added when a trial has ended.

    Args:
        look: returns the sweep as it is now, and whether a driver holds it.
        console: where it is shown.
    """
    drawn = console.is_terminal and console.encoding.startswith("utf")
    try:
        _live(look, console) if drawn else _lines(look, console)
    except KeyboardInterrupt:
        return


def _live(look: Callable[[], tuple[SweepResults, bool]], console: Console) -> None:
    with Live(console=console, auto_refresh=False) as live:
        running = True
        while running:
            started = time.monotonic()
            results, running = look()
            now = datetime.now(UTC) if running else last_row(results)
            live.update(live_view(results, running, now, console.width), refresh=True)
            _pause(time.monotonic() - started, running)


def _lines(look: Callable[[], tuple[SweepResults, bool]], console: Console) -> None:
    running, told = True, -1
    while running:
        started = time.monotonic()
        results, running = look()
        if len(results.trials) != told or not running:
            told = len(results.trials)
            now = datetime.now(UTC) if running else last_row(results)
            console.print(
                f"{told} of {results.manifest.sweep.trials} trials,"
                f" {len(results.candidates)} candidates, {rates_text(pace(results, now), running)}"
            )
        _pause(time.monotonic() - started, running)


def _pause(taken_s: float, running: bool) -> None:
    if running:
        time.sleep(max(LEAST_PAUSE_S, taken_s / SHARE_AT_WORK))
