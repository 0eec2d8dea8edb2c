"""Fronts chosen on validation images and judged on test images that no search saw."""

import math
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np

from tatl_search.adaptation.workbench import EVALUATION_BATCH
from tatl_search.data import Split, TargetData
from tatl_search.data.batches import InputForm, evaluation_batches
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.zoo import LoadedNetwork

JUDGES = 5000
"""Test images that judge."""

SHARES = (0.75, 0.50, 0.25, 0.12)
"""Shares of the MACs at which tables say what accuracy they buy."""

LOW = 0.1
LOG_LOW = 0.01
"""Least shares of the MACs of the linear and of the logarithmic area."""


class Judged(Protocol):
    """A network of a front: what the search saw of it, and what the judging images say."""

    @property
    def macs_share(self) -> float:
        """Its MACs as a share of the unpruned network's."""

    @property
    def accuracy(self) -> float:
        """On validation images."""

    @property
    def judged(self) -> float:
        """On the judging images; NaN where it was not judged."""


T = TypeVar("T", bound=Judged)


class Judge:
    """Measures networks on the test images."""

    def __init__(self, target: TargetData, why: str) -> None:
        test = target.open_test(why)
        self._split = Split(test.images, test.rows[:JUDGES], test.labels[:JUDGES])
        self._size = target.image_size

    def __call__(self, network: LoadedNetwork) -> float:
        """Return a network's accuracy."""
        form = InputForm(self._size, network.preprocessing, "cpu")
        return evaluate(
            network.module, evaluation_batches(self._split, EVALUATION_BATCH, form)
        ).accuracy


def best(rows: Sequence[T], share: float) -> T | None:
    """Return the judged network that is best by validation within a share of MACs."""
    within = [row for row in rows if row.macs_share <= share and not np.isnan(row.judged)]
    return max(within, key=lambda row: row.accuracy, default=None)


def affordable(rows: Sequence[Judged], share: float) -> float:
    """Return the judged accuracy of the best network, by validation, within a share of MACs."""
    found = best(rows, share)
    return found.judged if found else 0.0


def area(rows: Sequence[Judged]) -> float:
    """Return the mean of `affordable` over MACs shares from 0.1 to 1."""
    return _mean(rows, LOW, lambda share: share, affordable)


def log_area(rows: Sequence[Judged]) -> float:
    """Return the mean of `affordable` over the logarithm of MACs shares from 0.01 to 1."""
    return _mean(rows, LOG_LOW, math.log, affordable)


def bias(rows: Sequence[Judged]) -> float:
    """Return by how much the front looks better to who chose it: log area, as `log_area`."""

    def seen(rows: Sequence[Judged], share: float) -> float:
        found = best(rows, share)
        return found.accuracy if found else 0.0

    return _mean(rows, LOG_LOW, math.log, seen) - log_area(rows)


def _mean(
    rows: Sequence[Judged],
    low: float,
    scale: Callable[[float], float],
    value: Callable[[Sequence[Judged], float], float],
) -> float:
    """Return the mean of a staircase over scaled shares, exactly."""
    edges = sorted({low, 1.0, *(row.macs_share for row in rows if low < row.macs_share < 1)})
    widths = np.diff([scale(edge) for edge in edges])
    reached = np.array([value(rows, edge) for edge in edges[:-1]])
    return float(widths @ reached / (scale(1.0) - scale(low)))


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Return mean and standard deviation, for people."""
    deviation = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{np.mean(values):,.{digits}f} ± {deviation:,.{digits}f}"
