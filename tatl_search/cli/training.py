"""How a first fine-tuning gets on: a bar in a terminal, now and then a line elsewhere."""

import time

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tatl_search.search.report import TrainingReport

FIRST_LINE_S = 3.0
LINE_EVERY_S = 15.0
"""Where there is no terminal: time to the first line about a training, and between two."""


class Trainings:
    """The first fine-tunings that run."""

    def __init__(self) -> None:
        self._running: dict[str, TrainingReport] = {}
        self._next_line: dict[str, float] = {}

    def hear(self, report: TrainingReport) -> None:
        """Take note of how one gets on."""
        label = report.label
        self._next_line.setdefault(label, time.monotonic() + FIRST_LINE_S)
        if report.done >= report.epochs:
            self._running.pop(label, None)
        else:
            self._running[label] = report

    def line(self, report: TrainingReport) -> str | None:
        """Return a line about the one of which a report was heard, if it is time for one."""
        label, now = report.label, time.monotonic()
        if label not in self._running or now < self._next_line[label]:
            return None
        self._next_line[label] = now + LINE_EVERY_S
        return f"{label}: {training_text(report)}"

    def bars(self) -> Table:
        """Return a bar of each for a terminal."""
        grid = Table.grid(padding=(0, 2))
        for label, report in self._running.items():
            bar = ProgressBar(total=report.epochs, completed=report.done, width=24)
            grid.add_row(bar, Text(f"{label}: {training_text(report)}"))
        return grid


class TrainingDisplay:
    """Shows a first fine-tuning that is all that runs; use as a context and pass `hear`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._trainings = Trainings()
        live = Live(console=console, refresh_per_second=4, transient=True)
        self._live = live if console.is_terminal else None

    def __enter__(self) -> "TrainingDisplay":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def hear(self, report: TrainingReport) -> None:
        """Show how the fine-tuning gets on."""
        self._trainings.hear(report)
        if self._live:
            self._live.update(self._trainings.bars())
        elif line := self._trainings.line(report):
            self._console.print(line)


def training_text(report: TrainingReport) -> str:
    """Return how far a training is, in words."""
    whole = min(int(report.done) + 1, report.epochs)
    parts = [f"epoch {whole} of {report.epochs}"]
    if report.accuracy is not None:
        parts.append(f"training accuracy {report.accuracy:.3f}")
    if report.left_s is not None:
        parts.append(f"{duration(report.left_s)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Return a time as minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
