"""Scores, allocations and methods by name, as the pruning settings name them."""

import dataclasses
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from tatl_search.config import PLUGINS, PruneSettings
from tatl_search.errors import InputError
from tatl_search.methods import wealth
from tatl_search.methods.allocations.global_ranking import global_ranking
from tatl_search.methods.allocations.legr import legr
from tatl_search.methods.allocations.priority import priority
from tatl_search.methods.allocations.uniform import uniform
from tatl_search.methods.baselines import BASELINES
from tatl_search.methods.context import Allocation
from tatl_search.methods.method import Method, Score
from tatl_search.methods.scores import (
    activation,
    apoz,
    bn_scale,
    fpgm,
    l1,
    l2,
    random_units,
    spectral,
    taylor,
    transtailor,
)
from tatl_search.methods.spectral import SPECTRAL, SPECTRAL_DA

SCORES: Mapping[str, Score] = {
    score.name: score
    for score in (
        activation.SCORE,
        random_units.SCORE,
        l1.SCORE,
        l2.SCORE,
        l2.SQUARED,
        bn_scale.SCORE,
        apoz.SCORE,
        fpgm.SCORE,
        taylor.SCORE,
        spectral.SCORE,
        spectral.DA_SCORE,
        transtailor.SCORE,
    )
}

ALLOCATIONS: Mapping[str, Allocation] = {
    "priority": priority,
    "uniform": uniform,
    "global": global_ranking,
    "legr": legr,
}

TATL = Method(
    name="tatl",
    title="Target Aware Network Adaptation for Efficient Representation Learning",
    source="Zhong, Li, Okada, Maki 2018, arXiv 1810.01104",
    score=activation.SCORE,
    allocation=priority,
)

LEGR = Method(
    name="legr",
    title="Towards Efficient Model Compression via Learned Global Ranking",
    source="Chin, Ding, Zhang, Marculescu 2020, arXiv 1904.12368",
    score=l2.SQUARED,
    allocation=legr,
    section="legr",
)

TRANSTAILOR = Method(
    name="transtailor",
    title="TransTailor: Pruning the Pre-trained Model for Improved Transfer Learning",
    source="Liu, Cai, Guo, Chen 2021, arXiv 2103.01542",
    score=transtailor.SCORE,
    allocation=global_ranking,
)

METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        TATL,
        *BASELINES,
        SPECTRAL,
        SPECTRAL_DA,
        wealth.METHOD,
        LEGR,
        TRANSTAILOR,
    )
}


def find_method(settings: PruneSettings) -> Method:
    """Return the method the settings name, with the score and allocation they put in its place.

    Raises:
        InputError: a plug-in that cannot be loaded.
    """
    method = method_named(settings.method)
    if settings.score is not None:
        method = dataclasses.replace(method, score=SCORES[settings.score])
    if settings.allocation is not None:
        method = dataclasses.replace(method, allocation=ALLOCATIONS[settings.allocation])
    return method


def plugin_names() -> tuple[str, ...]:
    """Return the names of methods that other packages offer; they need not work."""
    names = {point.name for point in entry_points(group=PLUGINS)}
    return tuple(sorted(names - METHODS.keys()))


def method_named(name: str) -> Method:
    """Return a method of this package or of another one.

    Raises:
        InputError: no such method, or a plug-in that cannot be loaded.
    """
    if name in METHODS:
        return METHODS[name]
    points = list(entry_points(group=PLUGINS, name=name))
    if len(points) != 1:
        offered = ", ".join((*METHODS, *plugin_names()))
        raise InputError(
            f"prune.method: {len(points)} packages offer a method '{name}'; keep one of them"
            if points
            else f"prune.method: there is no method '{name}'; there are {offered}"
        )
    return _loaded(points[0])


def _loaded(point: EntryPoint) -> Method:
    who = f"prune.method: plug-in '{point.name}' ({point.value})"
    try:
        loaded = point.load()
    except Exception as error:  # a plug-in's own code
        raise InputError(f"{who} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(loaded, Method):
        raise InputError(f"{who} is no tatl_search.methods.method.Method")
    if loaded.name != point.name:
        raise InputError(f"{who} calls itself '{loaded.name}'; the two names should be the same")
    if SCORES.get(loaded.score.name, loaded.score) != loaded.score:
        raise InputError(
            f"{who} has a score of its own called '{loaded.score.name}', which is one of this"
            " package's; call it something else"
        )
    return loaded
