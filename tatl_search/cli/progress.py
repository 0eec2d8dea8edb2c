"""Live progress of a sweep: a panel in a terminal, a line a round elsewhere."""

import time
from collections.abc import Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tatl_search.cli.training import Trainings, duration
from tatl_search.search.progress import Snapshot
from tatl_search.search.report import (
    CandidateReport,
    EndReport,
    MessageReport,
    Report,
    TrainingReport,
)
from tatl_search.search.work import trial_label


class ProgressDisplay:
    """Shows how a sweep is getting on; use as a context and pass `hear` as its listener."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self._trainings = Trainings()
        self._repeated: dict[int, str] = {}

    def __enter__(self) -> "ProgressDisplay":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def hear(self, report: Report | None, snapshot: Snapshot) -> None:
        """Show the newest report and where the sweep stands."""
        for line in self._lines(report) if report is not None else ():
            self._console.print(f"{time.strftime('%H:%M:%S')}  {line}")
        if self._live:
            self._live.update(Group(self._trainings.bars(), _panel(snapshot)))
        elif isinstance(report, EndReport):
            self._console.print(_summary(snapshot))

    def _lines(self, report: Report) -> Iterator[str]:
        """Yield what to print of a report."""
        match report:
            case TrainingReport():
                self._trainings.hear(report)
                line = None if self._live else self._trainings.line(report)
                yield from filter(None, [line])
            case CandidateReport():
                yield from self._candidate(report)
            case EndReport():
                if report.last is not None:
                    yield from self._goes_on(report.last)
                how = report.stop_reason or f"{report.infeasible_reason}: {report.detail}"
                yield f"{report.label} ended: {how}"
            case MessageReport():
                yield report.detail

    def _candidate(self, report: CandidateReport) -> Iterator[str]:
        """Yield what to print of a network: nothing where it was shown before."""
        if report.same_as is not None and report.trial is not None:
            if report.round:
                self._repeated[report.trial] = report.same_as
            return
        yield from self._goes_on(report)
        yield (
            f"{report.label}: accuracy {report.accuracy:.3f},"
            f" {report.macs / 1e6:.2f} M MACs, {report.parameters / 1e6:.2f} M parameters"
        )

    def _goes_on(self, report: CandidateReport) -> Iterator[str]:
        """Yield where a trial goes on, if its networks up to there were shown before."""
        if report.trial is not None and report.trial in self._repeated:
            yield f"{trial_label(report.trial)} goes on after {self._repeated.pop(report.trial)}"


def _summary(snapshot: Snapshot) -> str:
    return "          " + ", ".join(f"{name} {value}" for name, value in _figures(snapshot).items())


def _figures(snapshot: Snapshot) -> dict[str, str]:
    best = snapshot.best
    left = "?" if snapshot.left_s is None else duration(snapshot.left_s)
    budget = {"budget": f"{100 * snapshot.spent:.0f} %"} if snapshot.spent else {}
    return {
        "trials": f"{snapshot.done}/{snapshot.trials}",
        **budget,
        "rounds": str(snapshot.candidates),
        "best": f"{best.accuracy:.3f} at {best.macs / 1e6:.2f} M MACs" if best else "-",
        "log area": f"{snapshot.log_area:.3f}",
        "area": f"{snapshot.area:.3f}",
        "elapsed": duration(snapshot.elapsed_s),
        "left": left,
    }


def _panel(snapshot: Snapshot) -> Table:
    grid = Table.grid(padding=(0, 2))
    figures = _figures(snapshot)
    grid.add_row(
        ProgressBar(total=1.0, completed=snapshot.share, width=24),
        *(Text.assemble((name, "dim"), f" {value}") for name, value in figures.items()),
    )
    return grid
