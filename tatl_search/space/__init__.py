"""Search spaces: YAML in which any leaf of an adaptation's settings may be a distribution."""

from tatl_search.space.distributions import Choices, Distribution, Range, Suggest
from tatl_search.space.loading import Written, load_space, space_from_raw
from tatl_search.space.search_space import RefusedSettingsError, SearchSpace

__all__ = [
    "Choices",
    "Distribution",
    "Range",
    "RefusedSettingsError",
    "SearchSpace",
    "Suggest",
    "Written",
    "load_space",
    "space_from_raw",
]
