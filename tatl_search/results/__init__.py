"""What a sweep found, read from its Parquet rows alone."""

from tatl_search.results.front import Front, front_of
from tatl_search.results.front_json import front_json
from tatl_search.results.store import SweepResults, load_sweep

__all__ = ["Front", "SweepResults", "front_json", "front_of", "load_sweep"]
