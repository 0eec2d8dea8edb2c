"""When a trial with several objectives is hopeless: it is unlikely to come to the front again.

*Our reading* of no paper: schedulers such as ASHA (Li et al. 2018, arXiv 1810.05934) compare one
number at equal resources. Here a trial is a trajectory of ever cheaper networks, and what counts
is not where it stands but where it is going: a network far below the front may lead to one on it,
since accuracy falls slowly while the front falls with cost.

So the networks to come are **forecast**: every round takes the share of the costs that the last
one took, and accuracy falls by what rounds of this sweep usually cost. How far rounds strayed from
the usual says how likely each of the forecasts is to be beaten by enough.

The front is a **staircase**: the best accuracy among networks that cost no more in any objective.
A straight line between two networks would promise networks that nobody has. Where no other trial
is as cheap there is nothing to compare with, and a trial that may get there is not hopeless.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tatl_search.config import SweepSettings

Floats = npt.NDArray[np.floating[Any]]

CHANCE = 0.3
"""A trial that comes to the front with less than this chance is stopped."""

LEAST_ROUNDS = 10
"""Rounds that must have been seen before any trial is stopped: from fewer no chance can be told."""


def shortfall(accuracy: float, costs: Sequence[float] | Floats, others: Floats) -> float:
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


def step(before: Floats, now: Floats) -> float:
    """Return how much cheaper a round made a network: the mean over costs of ln(before / now).

    Rounds add up: 1 is two rounds of 0.5.

    Args:
        before: (D,) costs above 0.
        now: (D,) likewise.
    """
    return float(np.mean(np.log(before / now)))


def usual_change(rounds: Floats) -> float:
    """Return the change of accuracy that a step of 1 usually brings: least squares through 0.

    A line through 0, since a round that removes nothing changes nothing.

    Args:
        rounds: (N, 2) step and change of accuracy of a round.

    Returns:
        0 where no round became cheaper.
    """
    steps, changes = rounds.T
    return float(steps @ changes / (steps @ steps)) if np.any(steps) else 0.0


def forecast(last_two: Floats, usual: float, rounds: int) -> Floats:
    """Return the networks to come if every round is as the last one, and goes as usual.

    Args:
        last_two: (2, 1 + D) accuracy and costs of a trial's last two networks.
        usual: change of accuracy that a step of 1 usually brings.
        rounds: how many are to come.

    Returns:
        (rounds, 1 + D) accuracies and costs.
    """
    before, now = last_two[:, 1:]
    ahead = np.arange(1, rounds + 1)[:, None]
    accuracy = last_two[1, 0] + usual * step(before, now) * ahead
    return np.concatenate((accuracy, now * (now / before) ** ahead), axis=1)


def chance_of_any(lacking: Floats, strays: Floats) -> float:
    """Return how likely any of the networks to come is on the front, taken as independent.

    Args:
        lacking: (R,) accuracy that each lacks if it comes as forecast.
        strays: (N,) how far rounds came out above the usual; the share of them that makes up what
            a network lacks is its chance.
    """
    chances = np.mean(strays >= lacking[:, None], axis=1)
    return float(1.0 - np.prod(1.0 - chances))


class StoppingRule(Protocol):
    """Hears of every network of a sweep and says which trials are not worth going on with."""

    def hear(self, trial: int, round_index: int, accuracy: float, costs: Sequence[float]) -> None:
        """Take note of a trial's newest network.

        Args:
            trial: its number; below 0 for what no trial produced, such as a baseline.
            round_index: 0 for the unpruned network. A trial heard from 0 again has begun anew.
            accuracy: of the network.
            costs: its costs, all above 0 and to be minimised, in the order of the objectives.
        """

    def is_hopeless(self, trial: int, rounds_left: int) -> bool:
        """Whether a trial is to be stopped after the network that was heard of last.

        Args:
            trial: its number.
            rounds_left: the most rounds that it may still take.
        """


def below_front(settings: SweepSettings) -> StoppingRule:
    """Return the rule that stops trials which are unlikely to come to the front."""
    return EarlyStopping(sum(not objective.higher_is_better for objective in settings.objectives))


@dataclass
class EarlyStopping:
    """Hears of every network of a sweep and says which trials are hopeless.

    Attributes:
        costs: number of cost objectives.
        chance: a trial that comes to the front with less than this chance is hopeless.
        least_rounds: rounds that must have been seen before any trial is.
    """

    costs: int
    chance: float = CHANCE
    least_rounds: int = LEAST_ROUNDS
    _networks: "array[float]" = field(default_factory=lambda: array("d"))
    _rounds: "array[float]" = field(default_factory=lambda: array("d"))

    def hear(self, trial: int, round_index: int, accuracy: float, costs: Sequence[float]) -> None:
        """Take note of a trial's newest network.

        The first pruning teaches nothing: it starts from a network trained longer than a round.

        Args:
            trial: its number.
            round_index: 0 for the unpruned network. A trial heard from 0 again has begun anew.
            accuracy: of the network.
            costs: its costs, all above 0 and to be minimised.
        """
        self._networks.extend((trial, round_index, accuracy, *costs))
        last_two = self._last_two(trial)
        if round_index < 2 or not _follow(last_two):
            return
        before, now = last_two
        change = now[1] - before[1]
        if math.isfinite(change):
            self._rounds.extend((step(before[2:], now[2:]), change))

    def is_hopeless(self, trial: int, rounds_left: int) -> bool:
        """Whether none of the networks that a trial has yet to bring is likely on the front.

        A trial without rounds left is not: there is nothing to save.

        Args:
            trial: its number.
            rounds_left: the most rounds that it may still take.
        """
        last_two = self._last_two(trial)
        rounds = np.frombuffer(self._rounds).reshape(-1, 2)
        if rounds_left < 1 or not _follow(last_two) or len(rounds) < max(self.least_rounds, 1):
            return False
        usual = usual_change(rounds)
        networks = self._table()
        others = networks[networks[:, 0] != trial, 2:]
        forecasts = forecast(last_two[:, 1:], usual, rounds_left)
        lacking = np.array([shortfall(now[0], now[1:], others) for now in forecasts])
        strays = rounds[:, 1] - usual * rounds[:, 0]
        return not np.any(np.isnan(lacking)) and chance_of_any(lacking, strays) < self.chance

    def _last_two(self, trial: int) -> Floats:
        """Return (2, 2 + D) round, accuracy and costs of a trial's last networks, or fewer."""
        networks = self._table()
        return networks[networks[:, 0] == trial, 1:][-2:]

    def _table(self) -> Floats:
        """Return (N, 3 + D) trial, round, accuracy and costs of all networks.

        The array cannot grow while anybody holds this view of it.
        """
        return np.frombuffer(self._networks).reshape(-1, 3 + self.costs)


def _follow(last_two: Floats) -> bool:
    """Whether two networks are there, of which the second came a round after the first."""
    return len(last_two) == 2 and bool(last_two[1, 0] == last_two[0, 0] + 1)
