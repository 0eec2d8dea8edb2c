"""How much each searched setting decided, as somebody with Optuna at hand computed it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Importance:
    """Importance of the searched settings for being among a sweep's best trials.

    Attributes:
        shares: name of the setting -> its share of the importance, largest first; empty where
            there are too few trials to tell.
        trials: how many trials it was computed from.
        best: share of them that count as best.
    """

    shares: Mapping[str, float]
    trials: int
    best: float
