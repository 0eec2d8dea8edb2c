"""What a user asks of the network to pick."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tatl_search.errors import InputError


class Preference(StrEnum):
    """Which of the networks within the bounds is picked."""

    KNEE = "knee"
    MIN_MACS = "min_macs"
    MAX_ACCURACY = "max_accuracy"


class Figure(StrEnum):
    """What can be given a weight: the fields of a candidate's row."""

    ACCURACY = "accuracy"
    MACS = "macs"
    PARAMETERS = "parameters"
    SIZE_BYTES = "size_bytes"
    LATENCY_MS = "latency_ms"


@dataclass(frozen=True)
class PickRequest:
    """Bounds on the network to pick, and which of those that keep to them is preferred.

    Without a preference: the knee of the front where there are no bounds, the most accurate
    where a cost is bounded, the one of fewest MACs where only accuracy is.

    Attributes:
        min_accuracy: validation accuracy it must reach, a share.
        max_macs: multiply-accumulates of one image it may cost.
        max_parameters: parameters it may have.
        max_drop: how far its validation accuracy may lie below the unpruned network's
            (0.02 = two points).
        max_size_bytes: bytes its weights may take.
        max_latency_ms: milliseconds that one pass may take.
        device: where latency counts, as `results.latency.latencies` takes it; null for the one
            device there is.
        preference: which one is picked; null as said above.
        weights: how much each figure counts instead, all scaled alike; empty for a preference.

    Raises:
        InputError: a bound or a weight is out of its range, or there is more than one preference.
    """

    min_accuracy: float | None = None
    max_macs: int | None = None
    max_parameters: int | None = None
    max_drop: float | None = None
    max_size_bytes: int | None = None
    max_latency_ms: float | None = None
    device: str | None = None
    preference: Preference | None = None
    weights: Mapping[Figure, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("min_accuracy", "max_drop"):
            share = getattr(self, name)
            if share is not None and not 0.0 <= share <= 1.0:
                raise InputError(f"{name} is a share between 0 and 1 (0.02 = two points): {share}")
        for name in ("max_macs", "max_parameters", "max_size_bytes"):
            count = getattr(self, name)
            if count is not None and not count >= 1:
                raise InputError(f"{name} must be at least 1: {count}")
        if self.max_latency_ms is not None and not self.max_latency_ms > 0.0:
            raise InputError(f"max_latency_ms must be above 0: {self.max_latency_ms}")
        self._check_weights()

    def _check_weights(self) -> None:
        values = self.weights.values()
        if not all(0.0 <= weight < math.inf for weight in values):
            raise InputError("weights must be numbers of at least 0")
        if self.weights and not any(values):
            raise InputError("weights: at least one must be above 0")
        if self.weights and self.preference is not None:
            raise InputError(f"weights and {self.preference} are two preferences; choose one")

    @property
    def bounds_cost(self) -> bool:
        """Whether a cost is bounded."""
        limits = (self.max_macs, self.max_parameters, self.max_size_bytes, self.max_latency_ms)
        return any(limit is not None for limit in limits)

    @property
    def needs_latency(self) -> bool:
        """Whether latency decides."""
        return self.max_latency_ms is not None or self.weights.get(Figure.LATENCY_MS, 0.0) > 0.0
