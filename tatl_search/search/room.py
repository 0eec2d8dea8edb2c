"""Room for trials on a cluster: waited for where nodes join, asked for where it can grow."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ray.autoscaler.sdk import request_resources

from tatl_search.config import SweepSettings
from tatl_search.errors import InputError
from tatl_search.search.cluster import nodes_for_trials

JOIN_S = 600.0
"""A machine in a cloud takes minutes from being asked for to joining."""

LOOK_EVERY_S = 2.0

MOST = 500
"""Trials at once that an autoscaler is asked for at most."""

logger = logging.getLogger(__name__)


class Room:
    """Asks the cluster's autoscaler for room for some trials at once.

    A cluster without an autoscaler hears nothing of it. The demand is the cluster's, not the
    driver's: it stays until it is taken back, and of two sweeps on one cluster the last one's
    counts.
    """

    def __init__(self, sweep: SweepSettings) -> None:
        self._sweep = sweep
        self._asked = 0

    def ask(self, trials: int) -> None:
        """Ask for room for so many trials, but no more than may run at once."""
        wanted = min(trials, self._sweep.max_concurrent or MOST, MOST)
        if wanted != self._asked:
            request_resources(bundles=[dict(bundle(self._sweep))] * wanted)
            self._asked = wanted


@contextmanager
def asking(sweep: SweepSettings, trials: int) -> Iterator[Room]:
    """Ask for room for some trials while the work within runs, and for none afterwards."""
    room = Room(sweep)
    room.ask(trials)
    try:
        yield room
    finally:
        room.ask(0)


def bundle(sweep: SweepSettings) -> Mapping[str, float]:
    """Return what a trial takes of a node."""
    return {"CPU": float(sweep.cpus_per_trial), "GPU": sweep.gpus}


def await_room(sweep: SweepSettings, joining: bool) -> None:
    """Wait until a node can run a trial.

    Args:
        sweep: its settings.
        joining: whether nodes may still join; if not, nothing is waited for.

    Raises:
        InputError: no node can, and none that can has joined in time.
    """
    if _has_room(sweep):
        return
    if joining:
        logger.warning("%s. Waiting %.0f minutes for one to join", _lack(sweep), JOIN_S / 60)
        _wait(sweep)
    if not _has_room(sweep):
        raise InputError(_lack(sweep))


def _wait(sweep: SweepSettings) -> None:
    deadline = time.monotonic() + JOIN_S
    with asking(sweep, 1):
        while not _has_room(sweep) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)


def _has_room(sweep: SweepSettings) -> bool:
    wanted = bundle(sweep)
    return any(all(n.get(k, 0.0) >= v for k, v in wanted.items()) for n in _resources())


def _lack(sweep: SweepSettings) -> str:
    best = {
        name: max((node.get(name, 0.0) for node in _resources()), default=0.0)
        for name in bundle(sweep)
    }
    return (
        f"no node can run a trial: sweep.cpus_per_trial is {sweep.cpus_per_trial} and"
        f" sweep.gpus_per_trial {sweep.gpus:g}, but the largest node has"
        f" {best['CPU']:g} CPUs and {best['GPU']:g} GPUs"
    )


def _resources() -> list[Mapping[str, float]]:
    return [node["Resources"] for node in nodes_for_trials()]
