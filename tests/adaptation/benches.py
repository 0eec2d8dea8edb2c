"""A tiny real task for the loop: ten digits of each class, a small network, one thread."""

from functools import cache
from pathlib import Path
from typing import Any

from tatl_search.adaptation.stages import StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig
from tatl_search.data.sources import load_target
from tatl_search.data.target import TargetData

TRAINING_IMAGES = 100

SETTINGS: dict[str, dict[str, Any]] = {
    "data": {"image_size": 32, "per_class": 10},
    "network": {"name": "timm/test_efficientnet", "weights": "random"},
    "finetune": {"epochs": 2, "batch_size": 20},
    "prune": {"threshold": 0.7, "rate": 0.2},
    "retrain": {"epochs": 1, "batch_size": 20},
    "stop": {"max_rounds": 2},
}


def config(**sections: dict[str, Any]) -> AdaptationConfig:
    """Return settings of an adaptation that takes about two seconds."""
    names = SETTINGS | sections
    return AdaptationConfig.model_validate(
        {name: {**SETTINGS.get(name, {}), **sections.get(name, {})} for name in names}
    )


@cache
def digits() -> TargetData:
    """Return the task's images."""
    return load_target(config().data)


def bench(
    store: Path,
    settings: AdaptationConfig | None = None,
    owner: str = "first",
    target: TargetData | None = None,
) -> Workbench:
    """Return a workbench on the stages of this folder."""
    return Workbench(settings or config(), target or digits(), StageStore(store), owner)
