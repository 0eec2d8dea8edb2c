"""A network without its weights: structure and shapes for tracing, at no cost in compute.

Everything that only asks how a network is wired (groups, MACs) runs on such a copy, so that the
user's module keeps its weights, modes, `requires_grad` flags and device untouched.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


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


_KEEP_SHAPES = frozenset({
    F.batch_norm, F.dropout, F.elu, F.gelu, F.group_norm, F.hardsigmoid, F.hardswish, F.hardtanh,
    F.layer_norm, F.leaky_relu, F.relu, F.relu6,
})  # fmt: skip


class Shapes(TorchFunctionMode):
    """Within it, what keeps a tensor's shape returns the tensor it is given, and that at once.

    On the meta device torch takes normalisations and activations apart in Python, which takes
    longer than all else of a pass.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, or not."""
        return args[0] if args and func in _KEEP_SHAPES else func(*args, **(kwargs or {}))


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
