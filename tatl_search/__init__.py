"""Find the networks that fit a target task best: target-aware pruning, searched on a cluster."""

import os
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tatl_search.api import adapt, finish, judge, load_sweep, pick, sweep
    from tatl_search.deploy.load import load
    from tatl_search.deploy.request import PickRequest

# Torch's threads wait for each other in turns of a loop, by default for so long that they keep one
# another from working where the CPUs have anything else to do. Read when torch is loaded.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

__all__ = ["PickRequest", "adapt", "finish", "judge", "load", "load_sweep", "pick", "sweep"]
__version__ = version("tatl-search")


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: torch and Ray take seconds."""
    if name not in __all__:
        raise AttributeError(f"module 'tatl_search' has no attribute '{name}'")
    module = {
        "PickRequest": "tatl_search.deploy.request",
        "load_sweep": "tatl_search.results.store",
        "load": "tatl_search.deploy.load",
    }.get(name, "tatl_search.api")
    return getattr(import_module(module), name)
