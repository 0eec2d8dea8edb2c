"""Average percentage of zeros (APoZ).

Hu et al. 2016, "Network Trimming: A Data-Driven Neuron Pruning Approach towards Efficient Deep
Architectures", arXiv 1607.03250.
"""

from tatl_search.core.spent import Spent
from tatl_search.methods.context import Context, Scores
from tatl_search.methods.method import Score
from tatl_search.nets.activations import positive_shares


def _run(context: Context) -> Scores:
    """Score units by 1 - APoZ: the share of their activations that are above 0.

    After a ReLU that is the paper's. After smooth non-linearities, which are 0 hardly anywhere,
    and in linear bottlenecks it is *our reading*: what a ReLU there would let pass.
    """
    shares = positive_shares(context.module, context.groups, context.sample())
    return Scores(shares, Spent(images_forward=context.sample_count))


SCORE = Score("apoz", _run, samples=True)
