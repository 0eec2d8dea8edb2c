"""The settings of one adaptation and of a sweep: frozen, validated once, hashable.

An adaptation's settings say *what* is computed and enter the keys of its stages; a sweep's
settings say how many of them run, where, and what is recorded.
"""

from tatl_search.config.adaptation import AdaptationConfig, StopSettings
from tatl_search.config.base import Count, Positive, Settings, Share, digest_of
from tatl_search.config.data import PLAIN_SOURCES, AugmentSettings, DataSettings
from tatl_search.config.legr import LegrSettings
from tatl_search.config.limits import (
    BoundSettings,
    BudgetSettings,
    StaleSettings,
    StartSettings,
)
from tatl_search.config.methods import ALLOCATIONS, METHODS, SCORES
from tatl_search.config.network import NAMED_WEIGHTS, NetworkSettings
from tatl_search.config.pruning import (
    Normalize,
    PriorityWeights,
    PruneSettings,
    Resource,
)
from tatl_search.config.spectral import SpectralDaSettings, SpectralSettings
from tatl_search.config.sweep import (
    BaselineSettings,
    Objective,
    Sampler,
    SweepSettings,
    WandbSettings,
)
from tatl_search.config.training import FinishSettings, RetrainSettings, TrainingSettings
from tatl_search.config.transtailor import TransTailorSettings
from tatl_search.config.wealth import WealthSettings

__all__ = [
    "ALLOCATIONS",
    "METHODS",
    "NAMED_WEIGHTS",
    "PLAIN_SOURCES",
    "SCORES",
    "AdaptationConfig",
    "AugmentSettings",
    "BaselineSettings",
    "BoundSettings",
    "BudgetSettings",
    "Count",
    "DataSettings",
    "FinishSettings",
    "LegrSettings",
    "NetworkSettings",
    "Normalize",
    "Objective",
    "Positive",
    "PriorityWeights",
    "PruneSettings",
    "Resource",
    "RetrainSettings",
    "Sampler",
    "Settings",
    "Share",
    "SpectralDaSettings",
    "SpectralSettings",
    "StaleSettings",
    "StartSettings",
    "StopSettings",
    "SweepSettings",
    "TrainingSettings",
    "TransTailorSettings",
    "WandbSettings",
    "WealthSettings",
    "digest_of",
]
