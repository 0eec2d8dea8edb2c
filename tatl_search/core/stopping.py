"""When an adaptation ends: the criteria of `StopSettings`, and which fires first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tatl_search.config import StopSettings
from tatl_search.records import StopReason


@dataclass(frozen=True)
class Progress:
    """Where an adaptation stands after one round.

    Attributes:
        round: 0 for the fine-tuned unpruned network, then 1, 2, ...
        accuracy: validation accuracy.
        unpruned_accuracy: validation accuracy in round 0.
        macs_share: MACs as a share of the unpruned network's.
        parameters_share: parameters likewise.
        latency_ms: estimated latency of one image; None where it is not estimated.
        minutes: wall-clock since the adaptation began.
        epochs: training epochs so far, the first fine-tuning included.
    """

    round: int
    accuracy: float
    unpruned_accuracy: float
    macs_share: float
    parameters_share: float
    latency_ms: float | None
    minutes: float
    epochs: int


Trajectory = Sequence[Progress]


def first_to_fire(settings: StopSettings, trajectory: Trajectory) -> StopReason | None:
    """Return the criterion that fired in the earliest round, or None.

    Of several in one round the first of this order is named: what the network has lost
    (max_drop), what was asked for is reached (MACs, parameters, latency), budgets (minutes,
    epochs, rounds). A criterion set to None never fires.

    Args:
        settings: the criteria.
        trajectory: all rounds so far in order; `trajectory[0]` is round 0.
    """
    for rounds in range(1, len(trajectory) + 1):
        for reason, fires in _CRITERIA:
            if fires(settings, trajectory[:rounds]):
                return reason
    return None


def _max_drop(settings: StopSettings, trajectory: Trajectory) -> bool:
    """Whether each of the last `patience` rounds lies too far below the unpruned network.

    An accuracy that is NaN counts as too far below.
    """
    if settings.max_drop is None:
        return False
    # 0.90 - 0.88 is 0.020000000000000018 in floating point: that is not *more* than 0.02.
    allowed = settings.max_drop + 1e-9
    last = trajectory[1:][-settings.patience :]
    held = (at.unpruned_accuracy - at.accuracy <= allowed for at in last)
    return len(last) == settings.patience and not any(held)


def _target_macs(settings: StopSettings, trajectory: Trajectory) -> bool:
    target = settings.target_macs_share
    return target is not None and trajectory[-1].macs_share <= target


def _target_parameters(settings: StopSettings, trajectory: Trajectory) -> bool:
    target = settings.target_parameters_share
    return target is not None and trajectory[-1].parameters_share <= target


def _target_latency(settings: StopSettings, trajectory: Trajectory) -> bool:
    target, latency = settings.target_latency_ms, trajectory[-1].latency_ms
    return target is not None and latency is not None and latency <= target


def _max_minutes(settings: StopSettings, trajectory: Trajectory) -> bool:
    return settings.max_minutes is not None and trajectory[-1].minutes >= settings.max_minutes


def _max_epochs(settings: StopSettings, trajectory: Trajectory) -> bool:
    return settings.max_epochs is not None and trajectory[-1].epochs >= settings.max_epochs


def _max_rounds(settings: StopSettings, trajectory: Trajectory) -> bool:
    return trajectory[-1].round >= settings.max_rounds


_CRITERIA: tuple[tuple[StopReason, Callable[[StopSettings, Trajectory], bool]], ...] = (
    (StopReason.MAX_DROP, _max_drop),
    (StopReason.TARGET_MACS, _target_macs),
    (StopReason.TARGET_PARAMETERS, _target_parameters),
    (StopReason.TARGET_LATENCY, _target_latency),
    (StopReason.MAX_MINUTES, _max_minutes),
    (StopReason.MAX_EPOCHS, _max_epochs),
    (StopReason.MAX_ROUNDS, _max_rounds),
)
