"""L1 norm of filters: Li et al. 2017, "Pruning Filters for Efficient ConvNets", arXiv 1608.08710.

A unit's norm is that of all weights that make its channels, so that a residual group's is the
sum over its convolutions: *our reading*; the paper ranks such a group by its shortcut alone.
"""

import numpy as np
import torch

from tatl_search.config import Normalize
from tatl_search.methods.context import Context, Floats, Scores
from tatl_search.methods.method import Score
from tatl_search.nets.filters import filters
from tatl_search.nets.groups import Group
from tatl_search.nets.units import unit_sums


def _run(context: Context) -> Scores:
    """Score units by the sum of |w| over their filters."""
    return Scores({group.name: _norms(context, group) for group in context.groups})


def _norms(context: Context, group: Group) -> Floats:
    total = np.zeros(group.width)
    for weights, units in filters(context.module, group):
        norms = torch.linalg.vector_norm(weights, 1, dim=1, dtype=torch.float64)
        total += unit_sums(norms.cpu().numpy(), units)
    return total


SCORE = Score("l1", _run, normalize=Normalize.MEAN)
