"""Random scores: what any other score has to beat."""

import numpy as np

from tatl_search.methods.context import Context, Scores
from tatl_search.methods.method import Score


def _run(context: Context) -> Scores:
    """Score units by numbers drawn uniformly from [0, 1) with the stage's seed."""
    rng = np.random.default_rng(context.seed)
    return Scores({group.name: rng.random(group.width) for group in context.groups})


SCORE = Score("random", _run)
