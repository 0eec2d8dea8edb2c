"""Settings of how filters are chosen."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from tatl_search.config.base import Count, Settings, Share
from tatl_search.config.decides import Decides
from tatl_search.config.legr import LegrSettings
from tatl_search.config.methods import ALLOCATIONS, METHODS, SCORES
from tatl_search.config.naming import Named
from tatl_search.config.spectral import SpectralDaSettings, SpectralSettings
from tatl_search.config.transtailor import TransTailorSettings
from tatl_search.config.wealth import WealthSettings


class PriorityWeights(Settings):
    """Weights in the order in which groups give up their units under the allocation `priority`.

    Attributes:
        redundancy: of the share of its units that the threshold would give up.
        macs: of the MACs that giving them up would save.
        parameters: of the parameters that giving them up would save.
    """

    redundancy: Annotated[float, Field(ge=0.0)] = 1.0
    macs: Annotated[float, Field(ge=0.0)] = 1.0
    parameters: Annotated[float, Field(ge=0.0)] = 0.0

    @model_validator(mode="after")
    def _not_all_zero(self) -> "PriorityWeights":
        if self.redundancy == self.macs == self.parameters == 0.0:
            raise ValueError("the priority weights are all 0; at least one must be above 0")
        return self


class Resource(StrEnum):
    """What a pruning rate is a share of."""

    MACS = "macs"
    PARAMETERS = "parameters"
    FILTERS = "filters"


class Normalize(StrEnum):
    """By what a group's scores are divided, so that those of different groups can be compared."""

    NONE = "none"
    SUM = "sum"
    MEAN = "mean"
    MAX = "max"


class PruneSettings(Settings):
    """How filters are chosen in each round.

    Attributes:
        method: the named way to choose filters; `tatl-search methods` lists them.
        score: what units are worth, instead of the method's own way.
        allocation: how scores become a plan, instead of the method's own way.
        normalize: by what each group's scores are divided before they are allocated; null for
            what suits the score.
        statistics_images: number of training images that statistics are read from; null for an
            eighth of them, at least 256 or all there are.
        threshold: tau of TATL, the share of a group's summed score that its kept units must
            hold; used by the allocation `priority`.
        priority: weights of the order in which groups give up their candidates; likewise.
        rate: rho, the share to remove in one round of what the current network has left.
        rate_of: what the rate is a share of.
        min_filters: no group falls below this many units.
        min_keep: no group falls below this share of its original width.
        round_to: kept widths are rounded up to a multiple of this (8 suits GPUs).
        wealth: what is taken from the source; used by the method `wealthadapt`.
        spectral: how the method and score `spectral` measure information.
        spectral_da: likewise for `spectral_da`, between source and target.
        legr: how the method and allocation `legr` learn their ranking.
        transtailor: how the method and score `transtailor` learn what filters are worth.
        options: settings of a method that another package offers.
    """

    method: Annotated[str, Named(METHODS), Decides.METHOD] = "tatl"
    score: Annotated[Annotated[str, Named(SCORES)] | None, Decides.METHOD] = None
    allocation: Annotated[Annotated[str, Named(ALLOCATIONS)] | None, Decides.METHOD] = None
    normalize: Normalize | None = None
    statistics_images: Count | None = None
    threshold: Annotated[float, Field(gt=0.0, le=1.0)] = 0.9
    priority: PriorityWeights = PriorityWeights()
    rate: Share = 0.25
    rate_of: Resource = Resource.MACS
    min_filters: Count = 4
    min_keep: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    round_to: Count = 1
    wealth: WealthSettings = WealthSettings()
    spectral: SpectralSettings = SpectralSettings()
    spectral_da: SpectralDaSettings = SpectralDaSettings()
    legr: LegrSettings = LegrSettings()
    transtailor: TransTailorSettings = TransTailorSettings()
    options: Annotated[Mapping[str, Any], Decides.METHOD] = {}
