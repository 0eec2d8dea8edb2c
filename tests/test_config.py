"""Settings: frozen, hashable by content, and whole."""

import pytest
from pydantic import ValidationError

from tatl_search.config import (
    AdaptationConfig,
    BaselineSettings,
    DataSettings,
    PriorityWeights,
    PruneSettings,
    RetrainSettings,
    SweepSettings,
    TrainingSettings,
)
from tatl_search.figures import ACCURACY, FIGURES, MACS, PARAMETERS, SIZE_BYTES, Figure


def test_the_digest_follows_the_content_alone() -> None:
    one = PruneSettings(threshold=0.8, rate=0.3)
    same = PruneSettings.model_validate({"rate": 0.3, "threshold": 0.8})
    assert one.digest() == same.digest()
    assert one.digest() != PruneSettings(threshold=0.8, rate=0.31).digest()
    assert len(one.digest()) == 64
    assert (
        TrainingSettings(learning_rate=1).digest() == TrainingSettings(learning_rate=1.0).digest()
    )


def test_settings_are_frozen_and_hashable() -> None:
    config, name = AdaptationConfig(), "seed"
    with pytest.raises(ValidationError, match="frozen"):
        setattr(config, name, 3)
    assert len({config, AdaptationConfig(), AdaptationConfig(seed=1)}) == 2


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        TrainingSettings.model_validate({"epoch": 3})


def test_resolved_settings_rebuild_the_config() -> None:
    config = AdaptationConfig(prune=PruneSettings(rate=0.4), seed=5)
    assert AdaptationConfig.model_validate(config.model_dump(mode="json")) == config


def test_retraining_is_shorter_and_gentler_by_default() -> None:
    assert RetrainSettings().epochs < TrainingSettings().epochs
    assert RetrainSettings().learning_rate < TrainingSettings().learning_rate


def test_what_belongs_together_is_checked_together() -> None:
    with pytest.raises(ValidationError, match="source 'idx' needs a path"):
        DataSettings(source="idx")
    with pytest.raises(ValidationError, match="priority weights are all 0"):
        PriorityWeights(redundancy=0.0, macs=0.0, parameters=0.0)
    with pytest.raises(ValidationError, match="a network, an image_size, or both"):
        BaselineSettings()


@pytest.mark.parametrize(
    "objectives",
    [
        (ACCURACY,),
        (MACS, PARAMETERS),
        (ACCURACY, ACCURACY),
        (ACCURACY, MACS, PARAMETERS, SIZE_BYTES),
    ],
)
def test_objectives_that_make_no_front(objectives: tuple[Figure, ...]) -> None:
    with pytest.raises(ValidationError, match="objectives: "):
        SweepSettings(objectives=objectives)


def test_objectives_are_figures_by_their_keys() -> None:
    settings = SweepSettings.model_validate({"objectives": ["size_bytes", "accuracy"]})
    assert settings.objectives == (SIZE_BYTES, ACCURACY)
    assert settings.model_dump(mode="json")["objectives"] == ["size_bytes", "accuracy"]
    with pytest.raises(ValidationError, match=r"should be one of accuracy, .*got 'mac'"):
        SweepSettings.model_validate({"objectives": ["accuracy", "mac"]})
    with pytest.raises(ValidationError, match="got 'loss'"):
        SweepSettings(objectives=(ACCURACY, FIGURES["loss"]))
