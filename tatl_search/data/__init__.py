"""Where the target's images come from, and the batches a network is fed with."""

from tatl_search.data.sources import load_target
from tatl_search.data.target import Split, TargetData

__all__ = ["Split", "TargetData", "load_target"]
