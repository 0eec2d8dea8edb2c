"""Settings of WealthAdapt: what is taken from the source, and how much it counts."""

from typing import Annotated

from pydantic import Field

from tatl_search.config.base import Count, Positive, Settings
from tatl_search.config.section import Section


class WealthSettings(Settings):
    """Source images that the fine-tuning after each pruning learns besides the target's.

    Attributes:
        classes: number of source classes taken, those nearest to the target; all where the
            source has fewer.
        images_per_class: number of training images taken of each; all where there are fewer.
            An epoch of the target goes through all of them, in batches of at least two.
        weight: how much their loss counts in the first round, that of the target counting 1.
        decay: by what the weight is multiplied in each later round.
    """

    classes: Annotated[int, Field(ge=2)] = 10
    images_per_class: Count = 50
    weight: Positive = 1.0
    decay: Annotated[float, Field(gt=0.0, le=1.0)] = 0.7

    def weight_of(self, round_number: int) -> float:
        """Return the weight in a round, counted from 1."""
        return float(self.weight * self.decay ** (round_number - 1))


WEALTH = Section("wealth", WealthSettings)
