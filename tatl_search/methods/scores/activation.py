"""Mean absolute activation on the target's training images: the score of TATL.

Zhong, Li, Okada, Maki 2018 (arXiv 1810.01104), "activation statistics"; what exactly is averaged
is *our reading*.
"""

from tatl_search.config import Normalize
from tatl_search.core.spent import Spent
from tatl_search.methods.context import Context, Scores
from tatl_search.methods.method import Score
from tatl_search.nets.activations import mean_activations


def _run(context: Context) -> Scores:
    """Score units by their mean absolute activation, read where `nets.taps` says."""
    statistics = mean_activations(context.module, context.groups, context.sample())
    return Scores(statistics, Spent(images_forward=context.sample_count))


SCORE = Score("activation", _run, normalize=Normalize.MEAN, samples=True)
