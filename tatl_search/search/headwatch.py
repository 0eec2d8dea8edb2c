"""Says so when Ray's head is gone: Ray itself ends the driver after a minute, without advice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ray

from tatl_search.errors import RunError
from tatl_search.meanwhile import meanwhile
from tatl_search.search.cluster import check_listening

LOOK_EVERY_S = 5.0

LOOKS = 3
"""Looks in a row that find no head before anybody is told."""


@contextmanager
def head_watched(announce: Callable[[str], None], go_on: str) -> Iterator[None]:
    """Let people know once if the head of the cluster does not answer while the work within runs.

    Args:
        announce: told so, from a thread of its own.
        go_on: the command that goes on with the work.
    """
    address = ray.get_runtime_context().gcs_address
    missed = 0

    def look() -> None:
        nonlocal missed
        if missed == LOOKS:
            return
        missed = 0 if _answers(address) else missed + 1
        if missed == LOOKS:
            announce(
                f"Ray's head at {address} does not answer. If it stays away, Ray ends this driver"
                f" within a minute or so; what was finished is kept. Start the cluster again, then"
                f" go on with: {go_on}"
            )

    with meanwhile(look, LOOK_EVERY_S):
        yield


def _answers(address: str) -> bool:
    try:
        check_listening(address)
    except RunError:
        return False
    return True
