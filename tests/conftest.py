"""What the whole suite shares: one Ray instance, and a search space that runs in seconds."""

from collections.abc import Iterator
from typing import Any

import pytest
import ray
from hypothesis import settings

from tatl_search.search.cluster import cluster

# A busy machine fails no test: no example has to end in time.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def ray_here() -> Iterator[None]:
    """Start the one Ray instance of the suite; sweeps in this process use it."""
    with cluster(None):
        assert ray.is_initialized()
        yield


@pytest.fixture
def tiny_space() -> dict[str, Any]:
    """Return a search space of real parts (network, weights, digits) that runs in seconds."""
    return {
        "sweep": {"trials": 3, "startup_trials": 2, "collapse_accuracy": 0.0},
        "wandb": {"mode": "disabled"},
        "data": {"image_size": 32, "per_class": 10},
        "finetune": {"epochs": 2, "batch_size": 20},
        "prune": {"threshold": {"low": 0.6, "high": 0.8, "step": 0.1}, "rate": 0.3},
        "retrain": {"batch_size": 20},
        "stop": {"max_rounds": {"low": 1, "high": 2}},
    }
