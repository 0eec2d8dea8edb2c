"""Settings of TransTailor."""

from tatl_search.config.base import Count, Positive, Settings
from tatl_search.config.section import Section


class TransTailorSettings(Settings):
    """How the scaling factors of filters are learnt, before their importance is read.

    Attributes:
        epochs: passes over the target's training images; reading the importance is another one.
        learning_rate: of stochastic gradient descent with momentum 0.9.
    """

    epochs: Count = 1
    learning_rate: Positive = 0.01


TRANSTAILOR = Section("transtailor", TransTailorSettings)
