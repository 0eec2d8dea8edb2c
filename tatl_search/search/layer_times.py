"""The per-layer times of a search space's networks, measured beforehand and kept in a file."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from tatl_search.errors import InputError
from tatl_search.nets.latency import measure
from tatl_search.search.folder import LatencyTables, tables_of
from tatl_search.search.preflight import check_networks
from tatl_search.space import SearchSpace


def measure_tables(space: SearchSpace, device: str, threads: int) -> LatencyTables:
    """Measure every network a space can choose on the idle device, layer by layer.

    Args:
        space: the search space; its data are opened, since the classes make the network's head.
        device: `cpu` or `cuda`.
        threads: of the CPU.

    Raises:
        InputError: the data or a network cannot be used, or there is no such device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("torch sees no GPU here; measure on one that has, or with --device cpu")
    with TemporaryDirectory() as cache:
        checks = check_networks(space, Path(cache), threads)
    if device == "cpu":  # measured already
        return tables_of(checks)
    return tables_of(
        replace(
            check,
            latency=measure(check.network.module.to(device), check.target.image_size, threads),
        )
        for check in checks
    )
