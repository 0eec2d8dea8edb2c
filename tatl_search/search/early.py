"""Ray started before all else: it takes seconds in which a driver has other things to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Thread

from tatl_search.search.cluster import cluster

HEAVY = "tatl_search.search.preflight"
"""What takes a driver longest to import; it imports nothing that Ray imports as it starts."""


@contextmanager
def early_cluster(address: str | None) -> Iterator[None]:
    """Do as `cluster`, and import meanwhile what the driver of a sweep needs.

    Raises:
        RunError: the cluster cannot be reached.
    """
    importing = Thread(target=import_module, args=[HEAVY])
    importing.start()
    with cluster(address):
        importing.join()
        yield
