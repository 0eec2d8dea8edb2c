"""Regularised evolution of affine rankings: the arithmetic of LeGR.

Chin, Ding, Zhang, Marculescu: "Towards Efficient Model Compression via Learned Global Ranking"
(CVPR 2020, arXiv 1904.12368). Of a population the oldest dies, not the worst (Real et al. 2019,
"Regularized Evolution for Image Classifier Architecture Search", arXiv 1802.01548).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tatl_search.config import LegrSettings

Floats = npt.NDArray[np.float64]

DECAY = 1.25
"""Mutations shrink as 1 - g / (1.25 G) over the G evaluations."""


@dataclass(frozen=True)
class Affine:
    """What makes scores of G groups comparable: unit i of group g ranks by scale * score + shift.

    Attributes:
        scales: (G,) alpha, above 0: within a group the order stays.
        shifts: (G,) kappa.
    """

    scales: Floats
    shifts: Floats


@dataclass(frozen=True)
class Evolved:
    """What an evolution came to.

    Attributes:
        best: of all that were tried, the first of the lowest loss.
        losses: (evaluations,) in the order in which they were tried, the identity's first; what
            is not a number counts as infinite.
    """

    best: Affine
    losses: Floats


def identity(groups: int) -> Affine:
    """Return the affine under which units rank by their scores as they are."""
    return Affine(np.ones(groups), np.zeros(groups))


def mutated(
    parent: Affine, where: Sequence[int], step: float, spreads: Floats, rng: np.random.Generator
) -> Affine:
    """Return a copy that differs in some groups.

    There the scale is multiplied by exp(N(0, step^2)), and N(0, spread^2) is added to the shift.

    Args:
        parent: stays as it is.
        where: indices of the groups.
        step: s, how much scales vary.
        spreads: (G,) standard deviation of each group's scores.
        rng: draws for these groups only, in their order.
    """
    scales, shifts = parent.scales.copy(), parent.shifts.copy()
    for group in where:
        scales[group] *= np.exp(rng.normal(0.0, step))
        shifts[group] += rng.normal(0.0, spreads[group])
    return Affine(scales, shifts)


def evolve(
    loss: Callable[[Affine], float],
    spreads: Floats,
    settings: LegrSettings,
    rng: np.random.Generator,
) -> Evolved:
    """Look for the affine of the lowest loss.

    The first population holds the identity and, else, identities mutated in all groups. Each
    later one is the best of a tournament mutated in a share of the groups; it takes the place
    of the oldest.

    Args:
        loss: lower is better.
        spreads: (G,) standard deviation of each group's scores.
        settings: numbers of evaluations and the like.
        rng: the only source of randomness.
    """
    groups = len(spreads)
    tried: list[tuple[float, Affine]] = []
    population: deque[tuple[float, Affine]] = deque(maxlen=settings.population)
    for evaluation in range(settings.evaluations):
        if evaluation == 0:
            child = identity(groups)
        elif evaluation < settings.population:
            child = mutated(identity(groups), range(groups), 1.0, spreads, rng)
        else:
            step = 1.0 - evaluation / (DECAY * settings.evaluations)
            parent = _fittest(population, settings.tournament, rng)
            child = mutated(parent, _some(groups, settings.mutate_share, rng), step, spreads, rng)
        found = loss(child)
        tried.append((found if np.isfinite(found) else np.inf, child))
        population.append(tried[-1])
    best = min(tried, key=lambda entry: entry[0])
    return Evolved(best[1], np.array([found for found, _ in tried]))


def _fittest(
    population: Sequence[tuple[float, Affine]], tournament: int, rng: np.random.Generator
) -> Affine:
    drawn = [int(at) for at in rng.choice(len(population), tournament, replace=False)]
    return population[min(drawn, key=lambda at: population[at][0])][1]


def _some(groups: int, share: float, rng: np.random.Generator) -> list[int]:
    """Draw a share of the groups, at least one."""
    count = max(1, round(share * groups))
    return [int(group) for group in rng.choice(groups, count, replace=False)]
