"""How much goes in a round."""

from tatl_search.config import AdaptationConfig, Resource
from tatl_search.core.stopping import Progress


def rate_of_round(config: AdaptationConfig, progress: Progress) -> float:
    """Return the share to remove in the next round of what the network has left.

    With `prune.rounds` what is left of the way is divided evenly on a logarithmic axis, so that a
    cut that went too far, or not far enough, is made up for by those after it.

    Args:
        config: settings of the adaptation.
        progress: where it stands; above its target.
    """
    prune, target = config.prune, config.target_share
    if prune.rounds is None or target is None:
        return prune.rate
    of_macs = prune.rate_of is Resource.MACS
    left = progress.macs_share if of_macs else progress.parameters_share
    return 1.0 - float((target / left) ** (1.0 / (prune.rounds - progress.round)))
