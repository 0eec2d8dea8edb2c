"""What fields allow, read off the settings' own models."""

from typing import Any

import pytest

from tatl_search.config import (
    AdaptationConfig,
    AugmentSettings,
    BaselineSettings,
    NetworkSettings,
    PriorityWeights,
    PruneSettings,
    Settings,
    StopSettings,
    SweepSettings,
    TrainingSettings,
    section_of,
)
from tatl_search.space.fields import number_of, problems, section_at


@pytest.mark.parametrize(
    ("model", "key", "value"),
    [
        (TrainingSettings, "epochs", 3),
        (TrainingSettings, "learning_rate", 1),
        (PruneSettings, "rate_of", "filters"),
        (StopSettings, "max_drop", None),
        (SweepSettings, "objectives", ["accuracy", "macs"]),
    ],
)
def test_fine_values(model: type[Settings], key: str, value: Any) -> None:
    assert problems(model, key, value) == []


@pytest.mark.parametrize(
    ("model", "key", "value", "problem"),
    [
        (TrainingSettings, "epochs", "3", "should be a valid integer (got '3')"),
        (TrainingSettings, "epochs", True, "should be a valid integer (got True)"),
        (TrainingSettings, "epochs", 0, "should be greater than or equal to 1 (got 0)"),
        (TrainingSettings, "learning_rate", float("inf"), "should be a finite number (got inf)"),
        (TrainingSettings, "learning_rate", None, "should be a valid number (got None)"),
        (TrainingSettings, "optimizer", "adam", "should be 'sgd' or 'adamw' (got 'adam')"),
        (AugmentSettings, "flip", 1, "should be a valid boolean (got 1)"),
    ],
)
def test_faulty_values(model: type[Settings], key: str, value: Any, problem: str) -> None:
    assert problems(model, key, value) == [problem]


def test_sections_and_numbers() -> None:
    assert section_of(AdaptationConfig, "finetune") is TrainingSettings
    assert section_of(SweepSettings, "baselines") is BaselineSettings
    assert section_of(BaselineSettings, "network") is NetworkSettings
    assert section_of(AdaptationConfig, "seed") is None
    assert section_at(AdaptationConfig, ("prune", "priority")) is PriorityWeights
    assert section_at(SweepSettings, ("baselines", 3, "network")) is NetworkSettings
    assert number_of(StopSettings, "max_epochs") is int
    assert number_of(StopSettings, "max_drop") is float
    assert number_of(AugmentSettings, "flip") is None
    assert number_of(PruneSettings, "rate_of") is None
