"""Whether a search still finds something."""

from collections.abc import Sequence


def is_stale(areas: Sequence[float], trials: int, growth: float) -> bool:
    """Whether an area under the front has grown by less than a share over the last trials.

    Args:
        areas: after each trial that ended, in order; areas never shrink.
        trials: how many trials back to compare with.
        growth: the least growth, as a share of the area then.
    """
    if len(areas) <= trials:
        return False
    return areas[-1] < areas[-1 - trials] * (1.0 + growth)
