"""What a user asks of the network to pick."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tatl_search.errors import InputError
from tatl_search.figures import GOALS, LATENCY_MS, Figure, Unit

KNEE = "knee"
BOUNDS: Mapping[str, Figure] = {figure.bound_name: figure for figure in GOALS.values()}
"""Name of a bound, such as `max_macs` or `min_accuracy`, and its figure."""

PREFERENCES: Mapping[str, Figure | None] = {
    KNEE: None,
    **{figure.best_name: figure for figure in GOALS.values()},
}
"""Name of a preference, such as `min_macs` or `max_accuracy`, and its figure."""


@dataclass(frozen=True, init=False)
class PickRequest:
    """Bounds on the network to pick, and which of those that keep to them is preferred.

    Without a preference: the knee of the front where there are no bounds, the best by the sweep's
    quality where a cost is bounded, the cheapest where only a quality is.

    Attributes:
        bounds: on figures; a quality must reach its bound, a cost must not exceed it.
        max_drop: how far the sweep's quality, such as validation accuracy, may lie below the
            unpruned network's (0.02 = two points).
        device: where latency counts, as `results.latency.latencies` takes it; null for the one
            device there is.
        preference: one of `PREFERENCES`; null as said above.
        weights: how much each figure counts instead, all scaled alike; empty for a preference.
    """

    bounds: Mapping[Figure, float]
    max_drop: float | None
    device: str | None
    preference: str | None
    weights: Mapping[Figure, float]

    def __init__(
        self,
        *,
        max_drop: float | None = None,
        device: str | None = None,
        preference: str | None = None,
        weights: Mapping[Figure, float] | None = None,
        **bounds: float | None,
    ) -> None:
        """Check what is asked for.

        Args:
            max_drop: as above.
            device: as above.
            preference: as above.
            weights: as above.
            bounds: one for each figure, by `BOUNDS`: `min_accuracy`, `max_macs`,
                `max_parameters`, `max_size_bytes`, `max_latency_ms` and so on; null for none.

        Raises:
            InputError: a bound or a weight is out of its range, or there is more than one
                preference.
            TypeError: there is no such bound.
        """
        if unknown := bounds.keys() - BOUNDS.keys():
            known = ", ".join(BOUNDS)
            raise TypeError(f"there is no bound {', '.join(sorted(unknown))}; there are {known}")
        given = {BOUNDS[name]: bound for name, bound in bounds.items() if bound is not None}
        fields: dict[str, Any] = {
            "bounds": given,
            "max_drop": max_drop,
            "device": device,
            "preference": preference,
            "weights": dict(weights or {}),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        if max_drop is not None:
            _check_share("max_drop", max_drop)
        for figure, bound in given.items():
            _check_bound(figure, bound)
        self._check_preference()

    def _check_preference(self) -> None:
        if self.preference is not None and self.preference not in PREFERENCES:
            known = ", ".join(PREFERENCES)
            raise InputError(f"there is no preference {self.preference}; there are {known}")
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
        return any(not figure.higher_is_better for figure in self.bounds)

    @property
    def needs_latency(self) -> bool:
        """Whether latency decides."""
        preferred = PREFERENCES.get(self.preference or KNEE)
        return (
            LATENCY_MS in self.bounds
            or preferred is LATENCY_MS
            or self.weights.get(LATENCY_MS, 0.0) > 0.0
        )


def _check_share(name: str, share: float) -> None:
    if not 0.0 <= share <= 1.0:
        raise InputError(f"{name} is a share between 0 and 1 (0.02 = two points): {share}")


def _check_bound(figure: Figure, bound: float) -> None:
    name = figure.bound_name
    if figure.unit is Unit.SHARE:
        _check_share(name, bound)
    elif figure.unit in (Unit.COUNT, Unit.BYTES) and not bound >= 1:
        raise InputError(f"{name} must be at least 1: {bound}")
    elif not bound > 0.0:
        raise InputError(f"{name} must be above 0: {bound}")
