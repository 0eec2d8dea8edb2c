"""Random numbers for a batch, all from the one generator it is given, on the generator's device."""

import torch
from torch import Tensor


def uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw float64 numbers evenly from low to high.

    Double precision: in single precision a number below 1 times a side can round up to the side.
    """
    shares = torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float64)
    return low + (high - low) * shares


def chances(probability: float, count: int, generator: torch.Generator) -> Tensor:
    """Draw (count,) booleans that are true with this probability."""
    return torch.rand(count, generator=generator, device=generator.device) < probability


def to_device(drawn: Tensor, device: torch.device | str) -> Tensor:
    """Return a tensor on a device, without making the CPU wait for what a GPU has still to do.

    A copy to a GPU from ordinary memory waits for all work in flight; from pinned memory it
    queues up behind it, and torch keeps the pinned block until the copy is done.
    """
    if torch.device(device).type == "cuda" and drawn.device.type == "cpu":
        return drawn.pin_memory().to(device, non_blocking=True)
    return drawn.to(device)
