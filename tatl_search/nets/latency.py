"""Latency of one image: a per-layer table measured beforehand, and estimates from it.

While a sweep runs its trials share the machine, so that a measurement would say more about the
neighbours than about the network. A table measured on the idle device scales to any pruned
network instead; what comes out is an estimate and has to be called one.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from tatl_search.nets.cost import counted_layers, layer_macs
from tatl_search.nets.skeleton import blank_image, eval_mode
from tatl_search.nets.threads import torch_threads

WARM_UPS = 3


@dataclass(frozen=True)
class LatencyTable:
    """Where the time of one image goes in one network on one idle device; plain JSON values.

    Attributes:
        image_size: side of the square image in pixels.
        threads: torch threads it was measured with.
        device: type of the device, as in `cpu`.
        layer_ms: milliseconds of each convolution and linear layer.
        layer_macs: their multiply-accumulates at that time.
        rest_ms: milliseconds of everything else, taken as constant.
    """

    image_size: int
    threads: int
    device: str
    layer_ms: dict[str, float]
    layer_macs: dict[str, int]
    rest_ms: float


def measure(module: nn.Module, image_size: int, threads: int, repeats: int = 15) -> LatencyTable:
    """Measure the latency of one image on the network's own device, which should be idle.

    Args:
        module: the network; modes are restored.
        image_size: side of the square image in pixels.
        threads: torch threads to measure with; the number in force is restored.
        repeats: forward passes whose median is taken, after some to warm up.
    """
    device = next(module.parameters()).device
    image = blank_image(module, image_size).contiguous(memory_format=torch.channels_last)
    with eval_mode(module), torch.inference_mode(), torch_threads(threads):
        whole = _median_ms(lambda: module(image), device, repeats)
        with _stopwatches(module, device) as times:
            _median_ms(lambda: module(image), device, repeats)
    layer_ms = {name: statistics.median(of_layer[WARM_UPS:]) for name, of_layer in times.items()}
    return LatencyTable(
        image_size=image_size,
        threads=threads,
        device=device.type,
        layer_ms=layer_ms,
        layer_macs=layer_macs(module, image_size),
        rest_ms=max(0.0, whole - sum(layer_ms.values())),
    )


def estimate(table: LatencyTable, macs: Mapping[str, int]) -> float:
    """Return the estimated milliseconds of one image in a network pruned from the measured one.

    A layer's time is taken as proportional to its MACs; that is optimistic where layers get so
    thin that a device is no longer filled.

    Raises:
        ValueError: the table is of another network.
    """
    if macs.keys() != table.layer_ms.keys():
        raise ValueError("the latency table was measured on another network; measure this one")
    shares = {name: now / table.layer_macs[name] for name, now in macs.items()}
    return table.rest_ms + sum(table.layer_ms[name] * share for name, share in shares.items())


def _median_ms(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    times = []
    for _ in range(WARM_UPS + repeats):
        start = _now_ms(device)
        work()
        times.append(_now_ms(device) - start)
    return statistics.median(times[WARM_UPS:])


def _now_ms(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() * 1e3


@contextmanager
def _stopwatches(module: nn.Module, device: torch.device) -> Iterator[dict[str, list[float]]]:
    """Time every convolution and linear layer: name -> milliseconds of each call."""
    times: dict[str, list[float]] = defaultdict(list)
    started: dict[str, float] = {}

    def start(name: str, *_: Any) -> None:
        started[name] = _now_ms(device)

    def stop(name: str, *_: Any) -> None:
        times[name].append(_now_ms(device) - started[name])

    hooks = []
    for name, layer in counted_layers(module).items():
        hooks.append(layer.module.register_forward_pre_hook(partial(start, name)))
        hooks.append(layer.module.register_forward_hook(partial(stop, name)))
    try:
        yield times
    finally:
        for hook in hooks:
            hook.remove()
