"""Batch-norm scale.

Liu et al. 2017, "Learning Efficient Convolutional Networks through Network Slimming", arXiv
1708.06519. The paper's scales come from training with `sparsity` above 0, which pushes those of
units that are not needed towards 0. Averaging over the batch-norms of a residual group is *our
reading*.
"""

from collections.abc import Sequence

import numpy as np
from torch import nn

from tatl_search.errors import InputError
from tatl_search.methods.context import Context, Floats, Scores
from tatl_search.methods.method import Score
from tatl_search.nets.groups import Group
from tatl_search.nets.scales import batch_norms
from tatl_search.nets.units import unit_means


def check(module: nn.Module, groups: Sequence[Group]) -> None:
    """Raise InputError if no group of the network has a batch-norm."""
    if not any(list(batch_norms(module, group)) for group in groups):
        raise InputError(
            "prune.score: 'bn_scale' scores units by the scales of their batch-norms, and none of"
            f" this network's {len(groups)} groups has one (the first is '{groups[0].name}');"
            " choose a network with batch-norm, or another score such as l2"
        )


def _run(context: Context) -> Scores:
    """Score units by the mean |scale| over their batch-norms and channels.

    Groups without batch-norm, such as the inner layer of a squeeze and excitation, get 0
    throughout, so that allocations leave them alone.
    """
    check(context.module, context.groups)
    return Scores({group.name: _scales(context.module, group) for group in context.groups})


def _scales(module: nn.Module, group: Group) -> Floats:
    scales = [
        unit_means(layer.module.weight.detach().abs().double().cpu().numpy(), member.indices)
        for member, layer in batch_norms(module, group)
    ]
    mean: Floats = np.mean(scales, axis=0) if scales else np.zeros(group.width)
    return mean


SCORE = Score("bn_scale", _run, check=check)
