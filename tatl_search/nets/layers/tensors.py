"""Tensors of a layer, cut and replaced: Parameters stay Parameters, as trainable as they were."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def keep(owner: nn.Module, name: str, dim: int, kept: Sequence[int]) -> None:
    """Replace a tensor, where there is one, by its kept slices."""
    tensor = getattr(owner, name)
    if tensor is None:
        return
    index = torch.tensor(kept, device=tensor.device)
    smaller = tensor.detach().index_select(dim, index)
    if tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last):
        # A copy, since what is left of a 1 x 1 kernel counts as such with whatever strides it has,
        # and torch computes other bits with other strides: a network that is loaded has these.
        smaller = smaller.clone(memory_format=torch.channels_last)
    _replace(owner, name, smaller)


def reshape(owner: nn.Module, name: str, shape: Sequence[int]) -> None:
    """Replace a tensor of another shape, where there is one, by zeros."""
    tensor = getattr(owner, name)
    if tensor is not None and tuple(tensor.shape) != tuple(shape):
        _replace(owner, name, tensor.new_zeros(shape))


def _replace(owner: nn.Module, name: str, tensor: Tensor) -> None:
    old = getattr(owner, name)
    if isinstance(old, nn.Parameter):
        tensor = nn.Parameter(tensor, requires_grad=old.requires_grad)
    setattr(owner, name, tensor)
