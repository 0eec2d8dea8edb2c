"""Gradients of narrow strided convolutions are those of arithmetic."""

import pytest
import torch
from torch import nn

from tatl_search.nets.strided import strides_taken_first


def gradients(layer: nn.Conv2d, images: torch.Tensor) -> list[torch.Tensor]:
    """Return what the layer gives, and the gradients of its weights and its input."""
    given = images.clone(memory_format=torch.preserve_format).requires_grad_()
    layer.zero_grad()
    out = layer(given)
    out.square().sum().backward()
    assert layer.weight.grad is not None
    assert given.grad is not None
    return [out.detach(), layer.weight.grad.clone(), given.grad]


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 7, 8, 9, 15, 16, 24])
@pytest.mark.parametrize(("stride", "side"), [((2, 2), 32), ((2, 2), 7), ((1, 3), 8)])
def test_gradients_are_those_of_double_precision(
    channels: int, stride: tuple[int, int], side: int
) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(channels, 11, 1, stride, bias=False).to(memory_format=torch.channels_last)
    images = torch.randn(4, channels, side, side).contiguous(memory_format=torch.channels_last)
    with strides_taken_first(layer):
        found = gradients(layer, images)
    for ours, right in zip(found, gradients(layer.double(), images.double()), strict=True):
        torch.testing.assert_close(ours.double(), right, rtol=1e-4, atol=1e-3)


def test_what_is_not_concerned_and_what_comes_after_stays_as_it_was() -> None:
    layers = [
        nn.Conv2d(8, 8, 1, 2), nn.Conv2d(8, 8, 3, 2), nn.Conv2d(64, 8, 1, 2),
        nn.Conv2d(8, 8, 1, 2, padding=1), nn.Conv2d(8, 8, 1),
    ]  # fmt: skip
    with strides_taken_first(nn.Sequential(*layers)):
        assert [layer.stride for layer in layers] == [(1, 1), (2, 2), (2, 2), (2, 2), (1, 1)]
        assert layers[0](torch.zeros(1, 8, 4, 4)).shape == (1, 8, 2, 2)
    assert [layer.stride for layer in layers] == [(2, 2)] * 4 + [(1, 1)]
    assert not any(layer._forward_pre_hooks for layer in layers)
    assert layers[0](torch.zeros(1, 8, 4, 4)).shape == (1, 8, 2, 2)
