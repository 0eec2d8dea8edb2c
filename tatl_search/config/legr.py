"""Settings of LeGR: how its ranking is learnt."""

from typing import Annotated

from pydantic import Field, model_validator

from tatl_search.config.base import Count, Positive, Settings, Share
from tatl_search.config.section import Section


class LegrSettings(Settings):
    """A regularised evolution of rankings, with the published constants (arXiv 1904.12368).

    With them a learning takes about 2.6 million images through backward: that is for GPUs. On a
    CPU, `steps: 0` learns from forward passes alone. 100 evaluations were measured to learn next
    to nothing then (a random population of 64 takes most of them), and 400 did no better.

    Attributes:
        evaluations: rankings that are tried, those of the first population included.
        population: rankings that live at once.
        tournament: how many of them are drawn at random for each new one, which is made from the
            best of the drawn.
        mutate_share: share of the groups in which the new one differs.
        target_share: lowest budget of interest: a ranking is tried by pruning to this share of
            what the unpruned network costs in `prune.rate_of`. Where so much goes that a network
            is left guessing after the steps, all rankings look alike and the choice is noise.
        steps: tau hat, training steps between that pruning and the look at the loss.
        batch_size: images of such a step.
        learning_rate: constant over the steps.
        fitness_images: training images that the loss is measured on and no step trains on; at
            most half of all. As many others re-estimate batch-norm.
    """

    evaluations: Count = 400
    population: Count = 64
    tournament: Count = 16
    mutate_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.1
    target_share: Share = 0.5
    steps: Annotated[int, Field(ge=0)] = 200
    batch_size: Annotated[int, Field(ge=2)] = 32
    learning_rate: Positive = 0.01
    fitness_images: Annotated[int, Field(ge=2)] = 128

    @model_validator(mode="after")
    def _sizes_fit(self) -> "LegrSettings":
        if not self.tournament <= self.population <= self.evaluations:
            raise ValueError(
                "a tournament is drawn from the population, and that is evaluated first: give"
                f" tournament <= population <= evaluations (got {self.tournament},"
                f" {self.population}, {self.evaluations})"
            )
        return self


LEGR = Section("legr", LegrSettings)
