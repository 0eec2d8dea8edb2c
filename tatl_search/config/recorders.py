"""Where trials are recorded besides their Parquet rows, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tatl_search.registry import Registry


def _always(_sweep: Any) -> bool:
    return True


@dataclass(frozen=True)
class Recorder:
    """A copy of the rows, made by a process of its own beside the driver.

    Attributes:
        name: as in `sweep.recorders`.
        title: for people.
        open: returns a `tracking.tracker.Runs`, given the `manifest.SweepFolder`; or the
            `module:attribute` where that function is. It is called in the recorder's process.
        is_on: whether it records a sweep of the given settings at all.
    """

    name: str
    title: str
    open: Callable[..., Any] | str
    is_on: Callable[[Any], bool] = _always


WANDB = Recorder(
    "wandb",
    "W&B",
    "tatl_search.tracking.wandb:open_runs",
    lambda sweep: bool(sweep.wandb.mode != "disabled"),
)

RECORDERS: Registry[Recorder] = Registry(
    "recorder",
    "sweep.recorders",
    "tatl_search.recorders",
    "tatl_search.config.recorders:Recorder",
    {WANDB.name: WANDB},
)


def recorders_of(sweep: Any) -> tuple[Recorder, ...]:
    """Return those that record a sweep of the given settings.

    Raises:
        InputError: a plug-in cannot be used.
    """
    named = (RECORDERS[name] for name in sweep.recorders)
    return tuple(recorder for recorder in named if recorder.is_on(sweep))
