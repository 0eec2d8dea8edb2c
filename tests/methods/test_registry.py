"""Every method the settings name exists."""

from typing import get_args

from tatl_search.config import PruneSettings
from tatl_search.methods.registry import METHODS


def test_methods_are_those_the_settings_allow() -> None:
    assert set(METHODS) == set(get_args(PruneSettings.model_fields["method"].annotation))
