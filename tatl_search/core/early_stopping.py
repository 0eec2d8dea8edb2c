"""When a trial with several objectives is hopeless: far below the front, at equal cost.

*Our reading* of no paper: schedulers such as ASHA (Li et al. 2018, arXiv 1810.05934) compare one
number at equal resources. Here a trial is a trajectory of ever cheaper networks, and each is
compared with what other trials reach at its cost.

The front is a **staircase**: the best accuracy among networks that cost no more in any objective.
A straight line between two networks would promise networks that nobody has. Where no other trial
is as cheap there is nothing to compare with, and nothing stops.
"""

import hashlib
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

PATIENCE = 2
"""Rounds in a row in which a trial must lie below the front."""

SHARE_UNSTOPPED = 0.1
"""Share of the trials that run on whatever they look like: they teach the margin."""

LEAST_FINISHED = 9
"""Trials that must have finished before any is stopped.

Of 10 trials in no particular order, the last is the one that came back from deepest with a
chance of 1 in 10: so much a stop may err at first, and less with every trial that finishes.
"""


def shortfall(accuracy: float, costs: Sequence[float], others: Floats) -> float:
    """Return how far an accuracy lies below the front at equal cost; negative above it.

    Args:
        accuracy: of one network.
        costs: (D,) its costs.
        others: (N, 1 + D) accuracies and costs of other trials' networks.

    Returns:
        NaN where nothing is as cheap, or the accuracy is NaN.
    """
    affordable = np.all(others[:, 1:] <= np.asarray(costs), axis=1)
    known = others[affordable, 0]
    known = known[~np.isnan(known)]
    return float(np.max(known)) - accuracy if len(known) else math.nan


def depth(shortfalls: Sequence[float], patience: int = PATIENCE) -> float:
    """Return how far below the front a trial has stayed for its last rounds.

    Args:
        shortfalls: one a round, in order.
        patience: rounds that count.

    Returns:
        The least of the last `patience` shortfalls; NaN where there are fewer or one is NaN.
    """
    last = shortfalls[-patience:]
    return float(np.min(last)) if len(last) == patience else math.nan


def recovery(shortfalls: Sequence[float], patience: int = PATIENCE) -> float:
    """Return the greatest depth from which a finished trial came back to the front.

    It came back where a later round fell short by nothing. A network so cheap that it has no
    equals is no return: the cheapest network of all, however bad, has none.

    Args:
        shortfalls: one a round, in order.
        patience: as in `depth`.

    Returns:
        0 for a trial that never lay below, or never came back.
    """
    on_front = [rounds for rounds, missing in enumerate(shortfalls) if missing <= 0.0]
    last = on_front[-1] if on_front else 0
    depths = (depth(shortfalls[:rounds], patience) for rounds in range(1, last + 1))
    return max((found for found in depths if found > 0.0), default=0.0)


def learned_margin(recoveries: Sequence[float], least: int = LEAST_FINISHED) -> float:
    """Return the depth below which no finished trial came back; infinite while too few finished.

    Args:
        recoveries: one a finished trial.
        least: trials that must have finished.
    """
    return max(recoveries) if len(recoveries) >= max(least, 1) else math.inf


def runs_unstopped(seed: int, trial: int, share: float = SHARE_UNSTOPPED) -> bool:
    """Whether a trial runs on whatever it looks like: decided by the seed and its number alone."""
    digest = hashlib.sha256(f"{seed}:unstopped:{trial}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


@dataclass
class EarlyStopping:
    """Hears of every network of a sweep and says which trials to stop.

    Attributes:
        seed: of the sweep; decides which trials run unstopped.
        costs: number of cost objectives.
        patience: rounds in a row in which a trial must lie below the front.
        least_finished: trials that must have finished before any is stopped.
        share_unstopped: of the trials, which run on whatever they look like.
    """

    seed: int
    costs: int
    patience: int = PATIENCE
    least_finished: int = LEAST_FINISHED
    share_unstopped: float = SHARE_UNSTOPPED
    _networks: "array[float]" = field(default_factory=lambda: array("d"))
    _shortfalls: dict[int, list[float]] = field(default_factory=dict)
    _recoveries: list[float] = field(default_factory=list)

    @property
    def margin(self) -> float:
        """How far below the front a trial may stay; infinite until enough trials finished."""
        return learned_margin(self._recoveries, self.least_finished)

    def hear(self, trial: int, round_index: int, accuracy: float, costs: Sequence[float]) -> bool:
        """Take note of a trial's newest network; return whether the trial should stop.

        Round 0 is on the front like any network, but it is no round: nothing was pruned yet. A
        trial heard from round 0 again has begun anew.

        Args:
            trial: its number.
            round_index: 0 for the unpruned network.
            accuracy: of the network.
            costs: its costs, all to be minimised.
        """
        rows = np.frombuffer(self._networks).reshape(-1, 2 + self.costs)
        missing = shortfall(accuracy, costs, rows[rows[:, 0] != trial, 1:])
        del rows  # an array that is looked at cannot grow
        self._networks.extend((trial, accuracy, *costs))
        if round_index == 0:
            self._shortfalls[trial] = []
            return False
        known = self._shortfalls.setdefault(trial, [])
        known.append(missing)
        hopeless = depth(known, self.patience) > self.margin
        return hopeless and not runs_unstopped(self.seed, trial, self.share_unstopped)

    def finish(self, trial: int) -> None:
        """Learn from a trial that ran to its end; one that was not heard of teaches nothing."""
        if trial in self._shortfalls:
            self._recoveries.append(recovery(self._shortfalls.pop(trial), self.patience))

    def stop(self, trial: int) -> None:
        """Forget a trial that was stopped: how it would have gone on is not known."""
        self._shortfalls.pop(trial, None)
