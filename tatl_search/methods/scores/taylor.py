"""First-order Taylor expansion of the loss.

Molchanov et al. 2019, "Importance Estimation for Neural Network Pruning", arXiv 1906.10771, after
Molchanov et al. 2017, arXiv 1611.06440.

Scores are those of 2019 with gates behind the batch-norms (Taylor-FO-BN): (dL/dz)^2 = (scale *
dL/dscale + shift * dL/dshift)^2, the mean over batches. One gate for all members of a group, and
filters in place of batch-norms where a group has none, are *our reading*.
"""

from tatl_search.core.spent import Spent
from tatl_search.methods.context import Context, Scores
from tatl_search.methods.method import Score
from tatl_search.nets.gradients import squared_effects


def _run(context: Context) -> Scores:
    """Score units by the squared effect on the loss that closing their gate would have."""
    effects = squared_effects(context.module, context.groups, context.sample())
    return Scores(effects, Spent(images_trained=context.sample_count))


SCORE = Score("taylor", _run, samples=True, learns_labels=True)
