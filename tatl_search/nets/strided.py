"""Narrow strided 1 x 1 convolutions, whose gradients oneDNN computes wrongly."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

WIDE_ENOUGH = 16
"""Channels of oneDNN's widest block; with as many or more its gradients are right."""


@contextmanager
def strides_taken_first(module: nn.Module) -> Iterator[None]:
    """Within it, such convolutions leave positions out before they compute, not as they do.

    That is the same sum. With the stride within, oneDNN writes past its workspace where a block is
    wider than the input (channels last, on the CPU): gradients of the weights are wrong, or the
    process dies (https://github.com/uxlfoundation/oneDNN/issues/6035; seen with torch 2.14).
    Pruning makes such layers of every residual network.
    """
    with ExitStack() as stack:
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d) and _is_concerned(layer):
                hook = layer.register_forward_pre_hook(partial(_leave_out, layer.stride))
                stack.callback(hook.remove)
                stack.callback(setattr, layer, "stride", layer.stride)
                layer.stride = (1, 1)
        yield


def _is_concerned(layer: nn.Conv2d) -> bool:
    is_strided_point = layer.kernel_size == (1, 1) and max(layer.stride) > 1
    is_narrow = layer.in_channels // layer.groups < WIDE_ENOUGH
    return is_strided_point and is_narrow and layer.padding == (0, 0)


def _leave_out(
    stride: tuple[int, ...], layer: nn.Module, args: tuple[Tensor, ...]
) -> tuple[Any, ...]:
    return (args[0][..., :: stride[0], :: stride[1]],)
