"""L2 norm of filters.

A unit's norm is that of all weights that make its channels as one vector: the squares are summed
over a residual group's convolutions, as in LeGR (arXiv 1904.12368).
"""

import numpy as np
import torch
from torch import nn

from tatl_search.config import Normalize
from tatl_search.methods.context import Context, Floats, Scores
from tatl_search.methods.method import Score
from tatl_search.nets.filters import filters
from tatl_search.nets.groups import Group
from tatl_search.nets.units import unit_sums


def squared_norms(module: nn.Module, group: Group) -> Floats:
    """Return (width,) the sum of squares over the filters of each unit of a group."""
    total = np.zeros(group.width)
    for weights, units in filters(module, group):
        norms = torch.linalg.vector_norm(weights, 2, dim=1, dtype=torch.float64)
        total += unit_sums(norms.square().cpu().numpy(), units)
    return total


def _run(context: Context) -> Scores:
    """Score units by the L2 norm of their filters."""
    return Scores({g.name: np.sqrt(squared_norms(context.module, g)) for g in context.groups})


def _run_squared(context: Context) -> Scores:
    """Score units by the square of that norm, LeGR's ||W||_2^2."""
    return Scores({g.name: squared_norms(context.module, g) for g in context.groups})


SCORE = Score("l2", _run, normalize=Normalize.MEAN)
SQUARED = Score("l2_squared", _run_squared)
