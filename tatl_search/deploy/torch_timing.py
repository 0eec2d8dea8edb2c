"""Torch as something to be timed."""

from collections.abc import Callable
from pathlib import Path

import torch

from tatl_search.deploy.stopwatch import Pass
from tatl_search.deploy.ways import DeviceType, Way
from tatl_search.errors import InputError
from tatl_search.nets.skeleton import blank_image
from tatl_search.nets.structure import load_network
from tatl_search.nets.zoo import channels_last


def check_torch_device(device: DeviceType) -> None:
    """Raise InputError unless torch can run on a kind of device here."""
    if device is DeviceType.CUDA and not torch.cuda.is_available():
        raise InputError("torch sees no GPU here; measure on one that has, or with --device cpu")


def open_torch(folder: Path, way: Way) -> Pass:
    """Load a stored network and return a pass of a batch of black images.

    The images lie on the device already. On a GPU a pass ends when the device has finished, so
    that its time is what one waits for, the starting of its kernels included.

    Raises:
        InputError: the network is damaged.
    """
    network, _, image_size = load_network(folder, trust=None)
    module = channels_last(network.module.to(way.device.value))
    images = blank_image(module, image_size, way.batch)
    images = images.contiguous(memory_format=torch.channels_last)
    finished: Callable[[], object] = (
        torch.cuda.synchronize if way.device is DeviceType.CUDA else lambda: None
    )

    def one_pass() -> None:
        with torch.inference_mode():
            module(images)
        finished()

    return one_pass
