"""Scores, allocations and methods by name, as the pruning settings name them."""

import dataclasses

from tatl_search import config
from tatl_search.config import PruneSettings
from tatl_search.errors import InputError
from tatl_search.methods.context import Allocation
from tatl_search.methods.method import Method, Score
from tatl_search.registry import Registry

METHODS: Registry[Method] = config.METHODS
SCORES: Registry[Score] = config.SCORES
ALLOCATIONS: Registry[Allocation] = config.ALLOCATIONS


def find_method(settings: PruneSettings) -> Method:
    """Return the method the settings name, with the score and allocation they put in its place.

    Raises:
        InputError: a plug-in that cannot be used.
    """
    method = method_named(settings.method)
    if settings.score is not None:
        method = dataclasses.replace(method, score=SCORES[settings.score])
    if settings.allocation is not None:
        method = dataclasses.replace(method, allocation=ALLOCATIONS[settings.allocation])
    return method


def method_named(name: str) -> Method:
    """Return a method of this package or of another one.

    Raises:
        InputError: no such method, or a plug-in that cannot be used.
    """
    method = METHODS[name]
    score = method.score
    # What a score finds is stored under its name.
    if score.name in SCORES.names and SCORES[score.name] != score:
        raise InputError(
            f"prune.method: plug-in '{name}' has a score of its own called '{score.name}', which"
            " is another one's name; call it something else"
        )
    return method
