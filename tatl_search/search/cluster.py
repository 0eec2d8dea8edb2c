"""The door to a Ray cluster: connecting, and what it offers."""

import logging
import os
import re
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import ray

from tatl_search.config import SweepSettings
from tatl_search.errors import RunError

_SETTINGS = {
    # Rows are in Parquet: Tune's own loggers would write pickles and CSV beside every trial.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Tune's own state is never restored; to write it takes ever longer.
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    # Else workers start one after the other; the searcher hands out no more than fits anyway.
    "TUNE_MAX_PENDING_TRIALS_PG": "500",
    # Relative paths of data must mean the same in a worker as at the command line.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    # Tune's new output prints a banner even when it is told to be silent.
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


Task = TypeVar("Task")
"""What stands for a running task: of one that reports as it goes, a generator."""

LOST = "its process on this machine died, perhaps for lack of memory"

LOOK_EVERY_S = 2.0
"""Time between two looks at whether the node is still there while tasks run."""

CONNECT_SECONDS = 10.0
"""Time a head may take to answer; on the far side of the world it takes less than one."""


@contextmanager
def cluster(address: str | None, code: Sequence[str] = ()) -> Iterator[None]:
    """Connect to a running cluster, or start one on this machine and end it afterwards.

    A connection that this process already has is used and left alone.

    Args:
        address: of a running cluster, such as `auto` or `10.0.0.1:6379`; null starts one here.
        code: packages and modules that its workers are to import, sent to each node.

    Raises:
        RunError: the cluster cannot be reached.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if ray.is_initialized():
        yield
        return
    if address is not None:
        check_listening(address)
    try:
        if address is None:
            ray.init(
                address="local",  # no address at all would take any cluster it finds here
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        else:
            ray.init(
                address=address,
                runtime_env={"py_modules": [*code]} if code else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except Exception as error:  # where its processes start too slowly, Ray raises just that
        raise RunError(f"no Ray cluster at '{address or 'this machine'}': {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


def check_listening(address: str) -> None:
    """Raise RunError if nobody listens at `host:port`: Ray itself would try for minutes."""
    found = re.fullmatch(r"\[?(?P<host>[^/]+?)\]?:(?P<port>\d+)", address)
    if found is None:
        return
    try:
        with socket.create_connection((found["host"], int(found["port"])), CONNECT_SECONDS):
            pass
    except (OSError, OverflowError) as error:
        raise RunError(
            f"no Ray cluster at '{address}': {error}. `ray status` on a node of the cluster says"
            " whether it runs; its address is the head's, with the port of `ray start --port`."
        ) from error


def is_lost() -> bool:
    """Whether the node this driver runs on has died: Ray would wait for ever.

    As when the system, out of memory, ends Ray's own process instead of a trial's.
    """
    here = ray.get_runtime_context().get_node_id()
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return not any(node["Alive"] and node["NodeID"] == here for node in nodes)


def first_done(tasks: Sequence[Task], go_on: str) -> Task:
    """Wait until one of Ray's tasks has ended, or has something more to say, and return it.

    Args:
        tasks: at least one.
        go_on: the command that goes on with the work, for people.

    Raises:
        RunError: the node this driver runs on has died.
    """
    wait: Any = ray.wait  # its own hint forgets generators
    while True:
        done, _ = wait(list(tasks), num_returns=1, timeout=LOOK_EVERY_S)
        if done:
            found: Task = done[0]
            return found
        if is_lost():
            raise ray_failed(LOST, go_on)


def ray_failed(why: str, go_on: str) -> RunError:
    """Return the error that says so, and with which command to go on."""
    return RunError(f"Ray failed: {why}. What was finished is kept; go on with: {go_on}")


def slots(sweep: SweepSettings) -> int:
    """Return how many trials fit into the cluster at this moment, at least one."""
    have: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    fits = int(have.get("CPU", 0) // sweep.cpus_per_trial)
    if sweep.gpus > 0:
        fits = min(fits, int(have.get("GPU", 0)) * sweep.trials_per_gpu)
    if sweep.max_concurrent is not None:
        fits = min(fits, sweep.max_concurrent)
    return max(1, fits)


def nodes_for_trials(without: Collection[str] = ()) -> list[Mapping[str, Any]]:
    """Return what Ray says of the living nodes that have CPUs, but for some of these ids."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return [
        node
        for node in nodes
        if node["Alive"] and node["Resources"].get("CPU", 0) > 0 and node["NodeID"] not in without
    ]


def elsewhere(avoided: Collection[str]) -> dict[str, str]:
    """Return Ray's selector of all nodes but those of some ids."""
    return {"ray.io/node-id": f"!in({','.join(sorted(avoided))})"} if avoided else {}


def node_cpus(without: Collection[str] = ()) -> int:
    """Return the CPUs of the node that has most, but for some of these ids."""
    nodes = nodes_for_trials(without)
    return max((int(node["Resources"]["CPU"]) for node in nodes), default=1)
