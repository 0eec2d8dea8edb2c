"""Live progress of a sweep: a panel in a terminal, a line a round elsewhere."""

import time

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tatl_search.search.progress import Snapshot
from tatl_search.search.report import CandidateReport, EndReport, MessageReport, Report


class ProgressDisplay:
    """Shows how a sweep is getting on; use as a context and pass `hear` as its listener."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4) if console.is_terminal else None

    def __enter__(self) -> "ProgressDisplay":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def hear(self, report: Report | None, snapshot: Snapshot) -> None:
        """Show the newest report and where the sweep stands."""
        if report is not None:
            self._console.print(_line(report))
        if self._live:
            self._live.update(_panel(snapshot))
        elif isinstance(report, EndReport):
            self._console.print(_summary(snapshot))


def _line(report: Report) -> str:
    clock = time.strftime("%H:%M:%S")
    match report:
        case CandidateReport():
            return (
                f"{clock}  {report.label}: accuracy {report.accuracy:.3f},"
                f" {report.macs / 1e6:.2f} M MACs, {report.parameters / 1e6:.2f} M parameters"
            )
        case EndReport():
            how = report.stop_reason or f"{report.infeasible_reason}: {report.detail}"
            return f"{clock}  {report.label} ended: {how}"
        case MessageReport():
            return f"{clock}  {report.detail}"


def _summary(snapshot: Snapshot) -> str:
    return "          " + ", ".join(f"{name} {value}" for name, value in _figures(snapshot).items())


def _figures(snapshot: Snapshot) -> dict[str, str]:
    best = snapshot.best
    left = "?" if snapshot.left_s is None else _duration(snapshot.left_s)
    return {
        "trials": f"{snapshot.done}/{snapshot.trials}",
        "rounds": str(snapshot.candidates),
        "best": f"{best.accuracy:.3f} at {best.macs / 1e6:.2f} M MACs" if best else "-",
        "hypervolume": f"{snapshot.hypervolume:.3f}",
        "elapsed": _duration(snapshot.elapsed_s),
        "left": left,
    }


def _panel(snapshot: Snapshot) -> Table:
    grid = Table.grid(padding=(0, 2))
    figures = _figures(snapshot)
    grid.add_row(
        ProgressBar(total=max(1, snapshot.trials), completed=snapshot.done, width=24),
        *(Text.assemble((name, "dim"), f" {value}") for name, value in figures.items()),
    )
    return grid


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
