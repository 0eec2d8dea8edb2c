"""How far the sweep's estimates of latency lie from what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from tatl_search.records import CandidateRecord, LatencyRecord

Floats = npt.NDArray[np.float64]

FEWEST_TO_RANK = 3


@dataclass(frozen=True)
class EstimateError:
    """Estimates against measurements of the same networks.

    Attributes:
        networks: how many were compared.
        median: median of |estimate - measured| / measured.
        worst: greatest of them.
        rank_correlation: Spearman's: 1 where estimates put networks in their true order; null for
            fewer than three networks, or where all are equal.
    """

    networks: int
    median: float
    worst: float
    rank_correlation: float | None

    def __str__(self) -> str:
        ranks = self.rank_correlation
        order = "" if ranks is None else f", rank correlation {ranks:.2f}"
        return (
            f"the sweep's estimates are off by {100 * self.median:.0f} % (median),"
            f" {100 * self.worst:.0f} % (worst){order}, over {self.networks} networks"
        )


def estimate_error(
    candidates: Sequence[CandidateRecord], measured: Mapping[str, LatencyRecord]
) -> EstimateError | None:
    """Compare the sweep's estimates of one image with a measurement of single images.

    Args:
        candidates: the sweep's.
        measured: by key of the stage, all run in one way.

    Returns:
        The error; null where no network has both.
    """
    pairs = {
        row.stage: (row.latency_ms, measured[row.stage].p50_ms)
        for row in candidates
        if row.latency_ms is not None and row.stage in measured
    }
    if not pairs:
        return None
    estimated, found = np.array(list(pairs.values()), dtype=np.float64).T
    off = np.abs(estimated - found) / found
    return EstimateError(
        len(pairs), float(np.median(off)), float(np.max(off)), _ranks(estimated, found)
    )


def _ranks(estimated: Floats, found: Floats) -> float | None:
    if len(found) < FEWEST_TO_RANK or np.ptp(estimated) == 0 or np.ptp(found) == 0:
        return None
    return float(spearmanr(estimated, found).statistic)
