"""Each criterion alone, and which of several is named."""

from dataclasses import replace

import pytest

from tatl_search.config import StopSettings
from tatl_search.core.stopping import Progress, first_to_fire
from tatl_search.records import StopReason

NAN = float("nan")


def trajectory(*accuracies: float) -> list[Progress]:
    """One round for each accuracy; each halves the cost and takes a minute and 2 epochs."""
    return [
        Progress(
            round=number,
            accuracy=accuracy,
            unpruned_accuracy=accuracies[0],
            macs_share=0.5**number,
            parameters_share=0.8**number,
            latency_ms=16.0 * 0.5**number,
            minutes=number + 1.0,
            epochs=3 + 2 * number,
        )
        for number, accuracy in enumerate(accuracies)
    ]


STEADY = trajectory(0.9, 0.9, 0.9, 0.9)


@pytest.mark.parametrize(
    ("settings", "rounds", "reason"),
    [
        (StopSettings(max_rounds=3), 3, StopReason.MAX_ROUNDS),
        (StopSettings(max_rounds=0), 0, StopReason.MAX_ROUNDS),
        (StopSettings(target_macs_share=0.25), 2, StopReason.TARGET_MACS),
        (StopSettings(target_parameters_share=0.64), 3, StopReason.TARGET_PARAMETERS),
        (StopSettings(target_parameters_share=0.65), 2, StopReason.TARGET_PARAMETERS),
        (StopSettings(target_latency_ms=8.0), 1, StopReason.TARGET_LATENCY),
        (StopSettings(max_minutes=3.0), 2, StopReason.MAX_MINUTES),
        (StopSettings(max_epochs=8), 3, StopReason.MAX_EPOCHS),
    ],
)
def test_each_criterion_fires_in_its_round(
    settings: StopSettings, rounds: int, reason: StopReason
) -> None:
    assert first_to_fire(settings, STEADY[:rounds]) is None
    assert first_to_fire(settings, STEADY[: rounds + 1]) is reason


@pytest.mark.parametrize(
    ("accuracies", "patience", "fires"),
    [
        ((0.90, 0.88), 1, False),  # exactly two points is not more than two points
        ((0.90, 0.87), 1, True),
        ((0.90, 0.95, 0.87), 1, True),
        ((0.90, 0.87), 2, False),
        ((0.90, 0.87, 0.87), 2, True),
        ((0.90, 0.87, 0.89, 0.87), 2, False),  # the round between was good
        ((0.90, NAN), 1, True),
        ((NAN, 0.9), 1, True),
        ((NAN,), 1, False),  # round 0 cannot have dropped
    ],
)
def test_max_drop(accuracies: tuple[float, ...], patience: int, fires: bool) -> None:
    settings = StopSettings(max_drop=0.02, patience=patience)
    expected = StopReason.MAX_DROP if fires else None
    assert first_to_fire(settings, trajectory(*accuracies)) is expected


def test_nan_accuracy_alone_stops_nothing() -> None:
    assert first_to_fire(StopSettings(), trajectory(0.9, NAN)) is None


def test_latency_that_is_not_estimated_never_fires() -> None:
    unknown = [replace(progress, latency_ms=None) for progress in STEADY]
    assert first_to_fire(StopSettings(target_latency_ms=100.0), unknown) is None


def test_of_several_the_earliest_round_is_named() -> None:
    settings = StopSettings(max_rounds=3, max_epochs=5, target_macs_share=0.25)
    assert first_to_fire(settings, STEADY) is StopReason.MAX_EPOCHS


def test_precedence_within_one_round() -> None:
    """All fire in round 1; switched off one after the other, the next in the order is named."""
    both = trajectory(0.9, 0.5)
    criteria: dict[str, float] = {
        "max_drop": 0.02,
        "target_macs_share": 0.5,
        "target_parameters_share": 0.8,
        "target_latency_ms": 8.0,
        "max_minutes": 2.0,
        "max_epochs": 5,
        "max_rounds": 1,
    }
    named = []
    while criteria:
        named.append(first_to_fire(StopSettings.model_validate(criteria), both))
        criteria.pop(next(iter(criteria)))
    assert named == [
        StopReason.MAX_DROP,
        StopReason.TARGET_MACS,
        StopReason.TARGET_PARAMETERS,
        StopReason.TARGET_LATENCY,
        StopReason.MAX_MINUTES,
        StopReason.MAX_EPOCHS,
        StopReason.MAX_ROUNDS,
    ]


def test_nothing_yet() -> None:
    assert first_to_fire(StopSettings(max_rounds=0), []) is None
