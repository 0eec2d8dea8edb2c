"""Every method, score and allocation that the settings name exists, and the other way round."""

from tatl_search import config
from tatl_search.methods.registry import ALLOCATIONS, METHODS, SCORES


def test_names_are_those_the_settings_allow() -> None:
    assert tuple(METHODS) == config.METHODS
    assert tuple(SCORES) == config.SCORES
    assert tuple(ALLOCATIONS) == config.ALLOCATIONS
