"""Schedules of the learning rate, as shares of its greatest value."""

import math
from typing import Literal

WARM_UP = 0.3
START = 1 / 25


def learning_rate_share(
    schedule: Literal["one_cycle", "cosine", "constant"], step: int, total_steps: int
) -> float:
    """Return the share of the greatest learning rate to use in a step.

    `one_cycle` rises along a cosine from 1/25 over the first 30 % of the steps and falls along
    one to 0 (Smith and Topin 2017, arXiv 1708.07120, in torch's variant with cosines); `cosine`
    falls along one from 1 to 0 (Loshchilov and Hutter 2016, arXiv 1608.03983).

    A step counts as its middle, so that trainings of one or two steps learn too: torch's
    `OneCycleLR` would give those no more than a ten-thousandth of the rate.

    Args:
        schedule: which of the schedules.
        step: 0, 1, ...; beyond `total_steps` the rate stays where it ended.
        total_steps: number of steps of the whole training, at least 1.
    """
    progress = min((step + 0.5) / total_steps, 1.0)
    match schedule:
        case "one_cycle" if progress < WARM_UP:
            return START + (1.0 - START) * (1.0 - _falling(progress / WARM_UP))
        case "one_cycle":
            return _falling((progress - WARM_UP) / (1.0 - WARM_UP))
        case "cosine":
            return _falling(progress)
        case "constant":
            return 1.0


def _falling(progress: float) -> float:
    """Return the cosine that falls from 1 to 0 as progress goes from 0 to 1."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))
