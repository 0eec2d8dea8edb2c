"""What a search took, counted in three ways, since none of them alone is fair.

Images trained do not tell small networks from large ones; times the share of the MACs they flatter
the small ones, which a CPU computes less efficiently; wall-clock is of this machine only.
"""

from dataclasses import dataclass
from typing import Any

from tatl_search.figures import MACS
from tatl_search.records import CandidateRecord
from tatl_search.results.store import SweepResults
from tatl_search.results.words import UNKNOWN


@dataclass(frozen=True)
class Work:
    """The work behind a sweep's rows.

    Attributes:
        images_trained: through backward.
        full_images: the same, each times its network's share of the unpruned network's MACs: so
            many images through the unpruned network take as much arithmetic. Null while the
            unpruned network is not known.
        wall_seconds: of the drivers, from their commands on, first fine-tunings included; null
            where an earlier version ran the sweep.
    """

    images_trained: int
    full_images: float | None
    wall_seconds: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "images_trained": self.images_trained,
            "full_images": self.full_images,
            "wall_seconds": self.wall_seconds,
        }

    def __str__(self) -> str:
        return self.text()

    def text(self, wanted: str = "") -> str:
        """Return it in words, with how many images are wanted, as in ` of 30,000`."""
        full = UNKNOWN if self.full_images is None else f"{self.full_images:,.0f}"
        wall = UNKNOWN if self.wall_seconds is None else f"{self.wall_seconds:,.0f} s"
        return (
            f"{self.images_trained:,}{wanted} images trained, times the share of the MACs {full};"
            f" wall-clock {wall}"
        )


def work_of(results: SweepResults) -> Work:
    """Return what a sweep took so far, baselines and shared first fine-tunings included."""
    whole, clock = results.reference_cost(MACS), results.wall_clock
    return Work(
        results.images_trained,
        None if whole is None else sum(full_images(row, whole) for row in results.rows),
        None if clock is None else clock.seconds,
    )


def full_images(row: CandidateRecord, whole: float) -> float:
    """Return the images that a row trained, times its network's share of the MACs.

    Args:
        row: of a network.
        whole: MACs of the unpruned network.
    """
    return row.images_trained * row.macs / whole
