"""In which order groups give up their candidates.

TATL (Zhong, Li, Okada, Maki 2018, arXiv 1810.01104) names "a priority evaluation of pruning
across multiple layers". The formula below is *our reading* of it.
"""

import numpy as np
import numpy.typing as npt

from tatl_search.config import PriorityWeights

Floats = npt.NDArray[np.float64]


def priorities(
    redundancy: Floats,
    macs_saved: Floats,
    parameters_saved: Floats,
    has_candidates: npt.NDArray[np.bool_],
    weights: PriorityWeights,
) -> Floats:
    """Return the priority of each of G groups: the weighted mean of three terms in [0, 1].

    Each term is divided by its maximum over the groups that have candidates (0 where the maximum
    is 0), so that savings may be given in any unit.

    Args:
        redundancy: (G,) share of a group's units that are candidates, 1 - k/n.
        macs_saved: (G,) MACs saved if all the group's candidates went.
        parameters_saved: (G,) parameters saved likewise.
        has_candidates: (G,) whether the group offers any unit; the others get priority 0.
        weights: at least one is above 0; only their ratios matter.
    """
    terms = (
        (weights.redundancy, redundancy),
        (weights.macs, macs_saved),
        (weights.parameters, parameters_saved),
    )
    total_weight = weights.redundancy + weights.macs + weights.parameters
    return sum(
        (weight / total_weight * _relative(term, has_candidates) for weight, term in terms),
        start=np.zeros(len(redundancy)),
    )


def walking_order(priority: Floats) -> list[int]:
    """Return the groups by descending priority; of equals the earlier in the network first."""
    return [int(group) for group in np.argsort(-priority, kind="stable")]


def _relative(term: Floats, has_candidates: npt.NDArray[np.bool_]) -> Floats:
    offered = np.where(has_candidates, term, 0.0)
    greatest = float(np.max(offered, initial=0.0))
    return offered / greatest if greatest > 0.0 else np.zeros(len(term))
