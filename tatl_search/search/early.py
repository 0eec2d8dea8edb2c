"""Ray started before all else: it takes seconds in which a driver has other things to do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from threading import Thread
from typing import Any

from tatl_search.search.cluster import cluster
from tatl_search.search.own_code import travelling

HEAVY = "tatl_search.search.preflight"
"""What takes a driver longest to import; it imports nothing that Ray imports as it starts."""


@contextmanager
def early_cluster(address: str | None, raw: Mapping[str, Any]) -> Iterator[None]:
    """Do as `cluster` with the code of a sweep's networks; import meanwhile what its driver needs.

    Args:
        address: of a running cluster; null starts one here.
        raw: what the sweep searches.

    Raises:
        RunError: the cluster cannot be reached.
    """
    importing = Thread(target=import_module, args=[HEAVY])
    importing.start()
    with travelling(raw, address) as code, cluster(address, code):
        importing.join()
        yield
