"""Fronts chosen on validation images and judged on test images that no search saw."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from tatl_search.adaptation.workbench import EVALUATION_BATCH
from tatl_search.core.pareto import Floats, area_under_front, log_area_under_front, worth_buying
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


def affordable(rows: Sequence[Judged], share: float) -> float:
    """Return the judged accuracy of the best network, by validation, within a share of MACs."""
    accuracy, shares, judged = _columns(rows)
    steps = worth_buying(np.where(np.isnan(judged), np.nan, accuracy), shares)
    within = steps[shares[steps] <= share]
    return float(judged[within[-1]]) if within.size else 0.0


def area(rows: Sequence[Judged]) -> float:
    """Return the mean of `affordable` over MACs shares from 0.1 to 1."""
    return area_under_front(*_columns(rows), low=LOW)


def log_area(rows: Sequence[Judged]) -> float:
    """Return the mean of `affordable` over the logarithm of MACs shares from 0.01 to 1."""
    return log_area_under_front(*_columns(rows), low=LOG_LOW)


def bias(rows: Sequence[Judged]) -> float:
    """Return by how much the front looks better to who chose it: log area, as `log_area`."""
    accuracy, shares, judged = _columns(rows)
    known = np.where(np.isnan(judged), np.nan, accuracy)
    return log_area_under_front(known, shares, low=LOG_LOW) - log_area(rows)


def _columns(rows: Sequence[Judged]) -> tuple[Floats, Floats, Floats]:
    """Return (N,) accuracies on validation images, MACs shares, and judged accuracies."""
    table = np.array([(row.accuracy, row.macs_share, row.judged) for row in rows], dtype=float)
    accuracy, shares, judged = table.reshape(-1, 3).T
    return accuracy, shares, judged


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Return mean and standard deviation, for people."""
    deviation = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{np.mean(values):,.{digits}f} ± {deviation:,.{digits}f}"
