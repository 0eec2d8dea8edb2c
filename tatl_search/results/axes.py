"""What a candidate can be drawn against: each figure of the table, and latency as measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tatl_search.figures import FIGURES, Figure, Origin, Unit
from tatl_search.records import CandidateRecord
from tatl_search.results.latency import by_setup, measured_latency
from tatl_search.results.store import SweepResults


@dataclass(frozen=True)
class Axis:
    """One figure of all candidates.

    Attributes:
        figure: what it is.
        by_stage: what was measured beside the rows, by key of the stage; null for what a row
            holds itself.
    """

    figure: Figure
    by_stage: Mapping[str, float] | None = None

    def values(self, rows: Sequence[CandidateRecord]) -> list[float | None]:
        """Return the figure of each row; null where it is not known."""
        if self.by_stage is not None:
            return [self.by_stage.get(row.stage) for row in rows]
        return [getattr(row, self.figure.key) for row in rows]


def known_figures(results: SweepResults) -> tuple[Figure, ...]:
    """Return the figures that a sweep's candidates hold; those that none has are left out."""
    rows = results.candidates
    return tuple(
        figure
        for key, figure in FIGURES.items()
        if not rows or any(getattr(row, key) is not None for row in rows)
    )


def axes(results: SweepResults) -> tuple[Axis, ...]:
    """Return the figures a sweep can be looked at by.

    Latency is an axis for each way it was measured, beside the sweep's own estimate.
    """
    measured = by_setup(measured_latency(results.folder))
    return (
        *map(Axis, known_figures(results)),
        *(
            Axis(
                Figure(
                    key=f"measured_{place}",
                    name="latency",
                    title=f"latency ({setup})",
                    unit=Unit.MILLISECONDS,
                    origin=Origin.MEASURED,
                ),
                by_stage={stage: record.p50_ms for stage, record in of_stage.items()},
            )
            for place, (setup, of_stage) in enumerate(measured.items())
        ),
    )
