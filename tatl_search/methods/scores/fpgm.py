"""Distance from a layer's other filters.

He et al. 2019, "Filter Pruning via Geometric Median for Deep Convolutional Neural Networks
Acceleration", arXiv 1811.00250. A filter near the geometric median of its layer, which is one
with the least sum of distances to the others, can be stood in for by them. How the layers of a
group and the channels of a unit are put together is *our reading*.
"""

import numpy as np
import torch
from torch import Tensor

from tatl_search.config import Normalize
from tatl_search.core.comparable import comparable
from tatl_search.methods.context import Context, Floats, Scores
from tatl_search.methods.method import Score
from tatl_search.nets.filters import filters
from tatl_search.nets.groups import Group
from tatl_search.nets.units import unit_sums


def _run(context: Context) -> Scores:
    """Score units by the sum of distances of their filters from all others of the layer.

    Sums are added up over a unit's channels, divided in each layer by their mean, and averaged
    over the group's layers.
    """
    return Scores({group.name: _distances(context, group) for group in context.groups})


def _distances(context: Context, group: Group) -> Floats:
    layers = [
        comparable(unit_sums(_to_all_others(weights), units), Normalize.MEAN)
        for weights, units in filters(context.module, group)
    ]
    mean: Floats = np.mean(layers, axis=0)
    return mean


def _to_all_others(weights: Tensor) -> Floats:
    """Return (channels,) the sum of Euclidean distances from each filter to the others."""
    # Distances come from inner products, which are most exact around the origin.
    centred = weights - weights.mean(dim=0)
    distances = torch.cdist(centred, centred).fill_diagonal_(0.0)
    sums: Floats = distances.sum(dim=1, dtype=torch.float64).cpu().numpy()
    return sums


SCORE = Score("fpgm", _run)
