"""What stops trials early, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tatl_search.registry import Registry

NONE = "none"
BELOW_FRONT = "below_front"


@dataclass(frozen=True)
class Scheduler:
    """A way to stop trials early.

    Attributes:
        name: as in `sweep.early_stopping`.
        make: makes a `core.early_stopping.StoppingRule` for a sweep of the given settings; or the
            `module:attribute` where that function is. Null stops nothing.
    """

    name: str
    make: Callable[..., Any] | str | None = None


_BUILTIN = (
    Scheduler(NONE),
    Scheduler(BELOW_FRONT, "tatl_search.core.early_stopping:below_front"),
)

SCHEDULERS: Registry[Scheduler] = Registry(
    "scheduler",
    "sweep.early_stopping",
    "tatl_search.schedulers",
    "tatl_search.config.schedulers:Scheduler",
    {scheduler.name: scheduler for scheduler in _BUILTIN},
)
