"""What a candidate can be drawn against: each figure with its title, direction and unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tatl_search.records import CandidateRecord
from tatl_search.results.latency import by_setup, measured_latency
from tatl_search.results.store import SweepResults


class Unit(StrEnum):
    """How a figure is written; the report's script knows these names."""

    SHARE = "share"
    PLAIN = "plain"
    COUNT = "count"
    BYTES = "bytes"
    MILLISECONDS = "milliseconds"


@dataclass(frozen=True)
class Axis:
    """One figure of all candidates.

    Attributes:
        key: names it; for what a row holds, the row's field.
        title: for people.
        unit: how its values are written.
        higher_is_better: whether larger values are better.
        by_stage: what was measured beside the rows, by key of the stage; null for what a row
            holds itself.
    """

    key: str
    title: str
    unit: Unit
    higher_is_better: bool = False
    by_stage: Mapping[str, float] | None = None

    def values(self, rows: Sequence[CandidateRecord]) -> list[float | None]:
        """Return the figure of each row; null where it is not known."""
        if self.by_stage is not None:
            return [self.by_stage.get(row.stage) for row in rows]
        return [getattr(row, self.key) for row in rows]


_ALWAYS = (
    Axis("accuracy", "validation accuracy", Unit.SHARE, higher_is_better=True),
    Axis("loss", "validation loss", Unit.PLAIN),
    Axis("macs", "MACs", Unit.COUNT),
    Axis("parameters", "parameters", Unit.COUNT),
    Axis("size_bytes", "size", Unit.BYTES),
)
_ESTIMATE = Axis("latency_ms", "latency (estimate)", Unit.MILLISECONDS)


def axes(results: SweepResults) -> tuple[Axis, ...]:
    """Return the figures a sweep can be looked at by; those that no candidate has are left out.

    Latency is an axis for each way it was measured, beside the sweep's own estimate.
    """
    estimated = any(row.latency_ms is not None for row in results.candidates)
    measured = by_setup(measured_latency(results.folder))
    return (
        *_ALWAYS,
        *((_ESTIMATE,) if estimated else ()),
        *(
            Axis(
                key=f"measured_{place}",
                title=f"latency ({setup})",
                unit=Unit.MILLISECONDS,
                by_stage={stage: record.p50_ms for stage, record in of_stage.items()},
            )
            for place, (setup, of_stage) in enumerate(measured.items())
        ),
    )
