"""Whether every node sees the sweep's folder: found out before anything runs there."""

import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from tatl_search.errors import InputError
from tatl_search.files import storage_errors
from tatl_search.search.cluster import nodes_for_trials

PROBE = ".probe-"

PATIENCE_S = 10.0
"""Network file systems show a new file late: as long as a node or the driver looks for one."""


def check_shared(folder: Path, uri: str | None) -> None:
    """Let each node that can run trials write a file into the folder and read the driver's.

    Asks nobody where this machine is the only such node.

    Args:
        folder: the sweep's folder, which exists.
        uri: where the sweep also lies: with that, other nodes need not see the folder.

    Raises:
        InputError: nodes do not see it, or cannot write there.
        StorageError: this process cannot write there.
    """
    nodes = nodes_for_trials()
    here = ray.get_runtime_context().get_node_id()
    if uri is not None or all(node["NodeID"] == here for node in nodes):
        return
    word = secrets.token_hex(16)
    place = folder.resolve()
    ours = place / f"{PROBE}driver-{word}"
    try:
        with storage_errors(place):
            ours.write_text(word)
        asked = {node["NodeID"]: _ask(node["NodeID"], place, word) for node in nodes}
        failures = {
            node["NodeManagerAddress"]: why
            for node in nodes
            if (why := _why_not(asked[node["NodeID"]], node["NodeID"], place, word))
        }
    finally:
        for path in place.glob(f"{PROBE}*-{word}"):
            path.unlink(missing_ok=True)
    if failures:
        raise InputError(not_shared(place, [f"{ip} ({why})" for ip, why in failures.items()]))


def not_shared(folder: Path, nodes: Sequence[str]) -> str:
    """Return what is wrong where nodes do not see a sweep's folder, and what to do."""
    return (
        f"{folder} is not the same folder on every node of the cluster: {'; '.join(nodes)}."
        " Mount shared storage at the same path on all nodes and name a folder in it with"
        " --storage, or keep the sweep in a bucket: --storage s3://BUCKET/FOLDER"
    )


def _ask(node: str, folder: Path, word: str) -> "ray.ObjectRef[str]":
    pinned = NodeAffinitySchedulingStrategy(node, soft=False)
    task = ray.remote(write_and_read).options(num_cpus=0, max_retries=0, scheduling_strategy=pinned)
    return task.remote(str(folder), node, word)


def write_and_read(folder: str, node: str, word: str) -> str:
    """Write a file as one node and read the driver's, as a Ray task.

    Returns:
        Why it failed; empty if it did not.
    """
    if not _found(lambda: (Path(folder) / f"{PROBE}driver-{word}").read_text() == word):
        return "it does not see the folder"
    try:
        (Path(folder) / f"{PROBE}{node}-{word}").write_text(word)
    except OSError as error:
        return f"it cannot write there: {os.strerror(error.errno or 0)}"
    return ""


def _why_not(asked: "ray.ObjectRef[str]", node: str, folder: Path, word: str) -> str:
    """Return why a node failed, empty if it did not, or is no longer there."""
    try:
        why: str = ray.get(asked)
    except RayTaskError as error:
        return f"it cannot run this version of tatl-search: {error.cause}"
    except RayError:
        return "" if node not in {n["NodeID"] for n in nodes_for_trials()} else "it gave no answer"
    if why:
        return why
    if not _found(lambda: (folder / f"{PROBE}{node}-{word}").read_text() == word):
        return "what it writes there is not seen here"
    return ""


def _found(look: Callable[[], bool]) -> bool:
    """Whether something is seen within the patience."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with suppress(OSError):
            if look():
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
