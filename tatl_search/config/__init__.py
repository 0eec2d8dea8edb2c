"""The settings of one adaptation and of a sweep: frozen, validated once, hashable.

An adaptation's settings say *what* is computed and enter the keys of its stages; a sweep's
settings say how many of them run, where, and what is recorded.
"""

from tatl_search.config.adaptation import AdaptationConfig, StopSettings
from tatl_search.config.base import Count, Positive, Settings, Share, digest_of, section_of
from tatl_search.config.data import AugmentSettings, DataSettings
from tatl_search.config.decides import Decides, decided_by, deciding
from tatl_search.config.legr import LegrSettings
from tatl_search.config.limits import (
    BoundSettings,
    BudgetSettings,
    StaleSettings,
    StartSettings,
)
from tatl_search.config.methods import ALLOCATIONS, METHODS, SCORES
from tatl_search.config.migrations import (
    VERSION_KEY,
    current_parameters,
    current_version,
    migrated,
    steps_from,
    versioned,
)
from tatl_search.config.network import (
    LIBRARIES,
    NAMED_WEIGHTS,
    OWN,
    NetworkSettings,
    is_own,
    place_of,
    ways_to_name,
)
from tatl_search.config.pruning import (
    Normalize,
    PriorityWeights,
    PruneSettings,
    Resource,
)
from tatl_search.config.recorders import RECORDERS, Recorder, recorders_of
from tatl_search.config.samplers import SAMPLERS, Sampler
from tatl_search.config.schedulers import SCHEDULERS, Scheduler
from tatl_search.config.section import Section
from tatl_search.config.sources import SOURCES, DataSource
from tatl_search.config.spectral import SpectralDaSettings, SpectralSettings
from tatl_search.config.stored import plain_settings, read_settings, store_settings
from tatl_search.config.sweep import (
    BaselineSettings,
    Objective,
    SweepSettings,
    WandbSettings,
)
from tatl_search.config.training import FinishSettings, RetrainSettings, TrainingSettings
from tatl_search.config.transtailor import TransTailorSettings
from tatl_search.config.wealth import WealthSettings

__all__ = [
    "ALLOCATIONS",
    "LIBRARIES",
    "METHODS",
    "NAMED_WEIGHTS",
    "OWN",
    "RECORDERS",
    "SAMPLERS",
    "SCHEDULERS",
    "SCORES",
    "SOURCES",
    "VERSION_KEY",
    "AdaptationConfig",
    "AugmentSettings",
    "BaselineSettings",
    "BoundSettings",
    "BudgetSettings",
    "Count",
    "DataSettings",
    "DataSource",
    "Decides",
    "FinishSettings",
    "LegrSettings",
    "NetworkSettings",
    "Normalize",
    "Objective",
    "Positive",
    "PriorityWeights",
    "PruneSettings",
    "Recorder",
    "Resource",
    "RetrainSettings",
    "Sampler",
    "Scheduler",
    "Section",
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
    "current_parameters",
    "current_version",
    "decided_by",
    "deciding",
    "digest_of",
    "is_own",
    "migrated",
    "place_of",
    "plain_settings",
    "read_settings",
    "recorders_of",
    "section_of",
    "steps_from",
    "store_settings",
    "versioned",
    "ways_to_name",
]
