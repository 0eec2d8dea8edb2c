"""How far a network is from what its user can use, on one scale for all bounds."""

from collections.abc import Mapping

from tatl_search.config import BoundSettings

WORST = 1.0
"""What a setting without a usable network is told to violate every bound by."""


def violations(bounds: BoundSettings, figures: Mapping[str, float | None]) -> dict[str, float]:
    """Return by which share of it each bound is missed: 0 or less where it is kept, at most 1.

    An accuracy a below its bound b is told as (b - a) / b, a cost c above its bound as
    (c - b) / c, so that bounds in different units weigh alike. A figure that is not known counts
    as the worst.

    Args:
        bounds: the bounds.
        figures: a network's figures, by the names of the bounds.
    """
    return {name: _missed(name, bound, figures[name]) for name, bound in bounds.given.items()}


def keeps_to(bounds: BoundSettings, figures: Mapping[str, float | None]) -> bool:
    """Whether a network keeps to all bounds."""
    return all(missed <= 0.0 for missed in violations(bounds, figures).values())


def _missed(name: str, bound: float, figure: float | None) -> float:
    if figure is None or figure != figure:
        return WORST
    if name == "accuracy":
        return (bound - figure) / bound
    return (figure - bound) / max(figure, bound)
