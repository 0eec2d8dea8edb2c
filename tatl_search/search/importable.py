"""Whether the user's own networks can be made, here and on every node: found out beforehand."""

from collections.abc import Mapping, Sequence
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from tatl_search.errors import InputError
from tatl_search.nets.own import callable_of
from tatl_search.search.cluster import nodes_for_trials
from tatl_search.search.own_code import own_places


def check_at_hand(raw: Mapping[str, Any]) -> None:
    """Raise InputError unless the user's own networks in settings can be made by this process."""
    for place in own_places(raw):
        callable_of(place)


def check_importable(raw: Mapping[str, Any]) -> None:
    """Let each node that can run trials import the user's own networks in settings.

    Asks nobody where there are none.

    Raises:
        InputError: a node cannot import one.
    """
    places = own_places(raw)
    if not places:
        return
    asked = [
        (node["NodeManagerAddress"], _ask(node["NodeID"], places)) for node in nodes_for_trials()
    ]
    for node, answer in asked:
        try:
            why: str = ray.get(answer)
        except RayError:
            continue  # it has gone, or runs another version: others tell
        if why:
            raise InputError(f"{why} (on the node {node})")


def _ask(node: str, places: Sequence[str]) -> "ray.ObjectRef[str]":
    pinned = NodeAffinitySchedulingStrategy(node, soft=False)
    task: Any = ray.remote(why_not)
    asked: ray.ObjectRef[str] = task.options(
        num_cpus=0, max_retries=0, scheduling_strategy=pinned
    ).remote(list(places))
    return asked


def why_not(places: Sequence[str]) -> str:
    """Return why networks cannot be imported here, as a Ray task; empty where they can."""
    try:
        for place in places:
            callable_of(place)
    except InputError as error:
        return str(error)
    return ""
