"""Target-aware importance: the scores of TransTailor.

Liu, Cai, Guo, Chen 2021, "TransTailor: Pruning the Pre-trained Model for Improved Transfer
Learning" (AAAI, arXiv 2103.01542): with the weights frozen, a scaling factor of each filter is
learnt on the target; filters are pruned by an importance made of the factors, the least first,
and the network is fine-tuned, by turns.

*Our reading*: the importance is |a * dL/da| of the learnt factor a, its mean over batches of the
target's training images after the learning. The factors act behind the batch-norms, where there
are any, so that a factor of 0 is what pruning leaves; a unit sums the importance over all
filters that go with it.
"""

from tatl_search.config.transtailor import TRANSTAILOR
from tatl_search.core.spent import Spent
from tatl_search.methods.context import Context, Scores
from tatl_search.methods.method import Score
from tatl_search.nets.gates import Gates


def _run(context: Context) -> Scores:
    """Score units by the importance of their filters' factors, learnt from all images."""
    settings = TRANSTAILOR.of(context.settings)
    gates = Gates(context.module, context.groups)
    gates.learn(context.images, settings.epochs, settings.learning_rate)
    importance = gates.importance(context.images)
    return Scores(importance, Spent(images_trained=gates.images_trained))


SCORE = Score("transtailor", _run, section=TRANSTAILOR, learns_labels=True)
