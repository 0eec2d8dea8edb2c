"""Ways to choose filters, by name: methods, and the scores and allocations they are made of."""

from collections.abc import Mapping
from typing import Any

from tatl_search.config.legr import LEGR
from tatl_search.config.section import Section
from tatl_search.config.spectral import SPECTRAL, SPECTRAL_DA
from tatl_search.config.transtailor import TRANSTAILOR
from tatl_search.config.wealth import WEALTH
from tatl_search.errors import InputError
from tatl_search.registry import Registry

METHODS: Registry[Any] = Registry(
    "method",
    "prune.method",
    "tatl_search.methods",
    "tatl_search.methods.method:Method",
    {
        "tatl": "tatl_search.methods.papers:TATL",
        "random": "tatl_search.methods.baselines:RANDOM",
        "l1": "tatl_search.methods.baselines:L1",
        "l2": "tatl_search.methods.baselines:L2",
        "slimming": "tatl_search.methods.baselines:SLIMMING",
        "apoz": "tatl_search.methods.baselines:APOZ",
        "fpgm": "tatl_search.methods.baselines:FPGM",
        "taylor": "tatl_search.methods.baselines:TAYLOR",
        "activation": "tatl_search.methods.baselines:ACTIVATION",
        "spectral": "tatl_search.methods.spectral:SPECTRAL",
        "spectral_da": "tatl_search.methods.spectral:SPECTRAL_DA",
        "wealthadapt": "tatl_search.methods.wealth:METHOD",
        "legr": "tatl_search.methods.papers:LEGR",
        "transtailor": "tatl_search.methods.papers:TRANSTAILOR",
    },
)

SCORES: Registry[Any] = Registry(
    "score",
    "prune.score",
    "tatl_search.scores",
    "tatl_search.methods.method:Score",
    {
        "activation": "tatl_search.methods.scores.activation:SCORE",
        "random": "tatl_search.methods.scores.random_units:SCORE",
        "l1": "tatl_search.methods.scores.l1:SCORE",
        "l2": "tatl_search.methods.scores.l2:SCORE",
        "l2_squared": "tatl_search.methods.scores.l2:SQUARED",
        "bn_scale": "tatl_search.methods.scores.bn_scale:SCORE",
        "apoz": "tatl_search.methods.scores.apoz:SCORE",
        "fpgm": "tatl_search.methods.scores.fpgm:SCORE",
        "taylor": "tatl_search.methods.scores.taylor:SCORE",
        "spectral": "tatl_search.methods.scores.spectral:SCORE",
        "spectral_da": "tatl_search.methods.scores.spectral:DA_SCORE",
        "transtailor": "tatl_search.methods.scores.transtailor:SCORE",
    },
)

ALLOCATIONS: Registry[Any] = Registry(
    "allocation",
    "prune.allocation",
    "tatl_search.allocations",
    "tatl_search.methods.context:Allocation",
    {
        "priority": "tatl_search.methods.allocations.priority:priority",
        "uniform": "tatl_search.methods.allocations.uniform:uniform",
        "global": "tatl_search.methods.allocations.global_ranking:global_ranking",
        "isomorphic": "tatl_search.methods.allocations.isomorphic:isomorphic",
        "legr": "tatl_search.methods.allocations.legr:legr",
    },
)

SECTIONS: Mapping[str, Section[Any]] = {
    section.name: section for section in (WEALTH, SPECTRAL, SPECTRAL_DA, LEGR, TRANSTAILOR)
}
"""Sections that belong to what is built in."""


def section_named(name: str) -> Section[Any] | None:
    """Return the section of a name, of this package or another one; null where there is none.

    Raises:
        InputError: two plug-ins offer different ones.
    """
    return SECTIONS.get(name) or plugin_sections().get(name)


def plugin_sections() -> dict[str, Section[Any]]:
    """Return the sections that belong to what other packages offer, as far as that works.

    Raises:
        InputError: one is called like one of this package, or two differ and are called the same.
    """
    found: dict[str, Section[Any]] = {}
    for registry in (METHODS, SCORES, ALLOCATIONS):
        for thing in registry.working_plugins():
            for section in thing.sections:
                known = SECTIONS.get(section.name) or found.setdefault(section.name, section)
                if known != section:
                    raise InputError(
                        f"{registry.setting}: plug-in '{thing.name}' has settings in the section"
                        f" prune.{section.name}, which is another one's; call the section"
                        " something else"
                    )
    return found
