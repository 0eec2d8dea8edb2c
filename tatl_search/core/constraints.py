"""How far a network is from what its user can use, on one scale for all bounds."""

import math

from tatl_search.config import BoundSettings
from tatl_search.figures import FIGURES, Figure, Figures

WORST = 1.0
"""What a setting without a usable network is told to violate every bound by."""


def violations(bounds: BoundSettings, network: Figures) -> dict[str, float]:
    """Return by which share of it each bound is missed: 0 or less where it is kept, at most 1.

    An accuracy a below its bound b is told as (b - a) / b, a cost c above its bound as
    (c - b) / c, so that bounds in different units weigh alike. A figure that is not known counts
    as the worst.
    """
    return {key: _missed(FIGURES[key], bound, network) for key, bound in bounds.given.items()}


def keeps_to(bounds: BoundSettings, network: Figures) -> bool:
    """Whether a network keeps to all bounds."""
    return all(missed <= 0.0 for missed in violations(bounds, network).values())


def _missed(figure: Figure, bound: float, network: Figures) -> float:
    value = figure.of(network)
    if math.isnan(value):
        return WORST
    if figure.higher_is_better:
        return (bound - value) / bound
    return (value - bound) / max(value, bound)
