"""A network without its weights: structure and shapes for tracing, at no cost in compute.

Everything that only asks how a network is wired (groups, MACs) runs on such a copy, so that the
user's module keeps its weights, modes, `requires_grad` flags and device untouched.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def skeleton(module: nn.Module) -> nn.Module:
    """Return a copy of a network on the meta device, in eval mode, every parameter trainable.

    Parameters and buffers keep their shapes and lose their values; the original is not touched,
    wherever it lies and whatever of it is frozen.
    """
    bare: dict[int, object] = {}
    for parameter in module.parameters():
        bare[id(parameter)] = nn.Parameter(torch.empty_like(parameter, device="meta"))
    for buffer in module.buffers():
        bare[id(buffer)] = torch.empty_like(buffer, device="meta")
    return copy.deepcopy(module, bare).eval()


def blank_image(module: nn.Module, image_size: int, images: int = 1) -> Tensor:
    """Return black images (images, 3, image_size, image_size) where and as the network wants."""
    like = next(module.parameters())
    return torch.zeros(images, 3, image_size, image_size, dtype=like.dtype, device=like.device)


@contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Hold a network in eval mode; afterwards every submodule has the mode it had before."""
    training = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, mode in training.items():
            part.training = mode
