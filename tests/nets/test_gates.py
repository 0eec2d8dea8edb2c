"""Learnt gates against factors that are really there, put into the network by hooks."""

import copy
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.nets.gates import MOMENTUM, Gates
from tatl_search.nets.gradients import BATCH, squared_effects
from tatl_search.nets.groups import find_groups
from tests.nets.lively import Blocks, Chain, enliven, lively, some_images

Batch = tuple[Tensor, Tensor]


def chain() -> nn.Module:
    torch.manual_seed(0)
    return enliven(Chain(), 8)


def batches_of(images: Tensor, labels: Tensor) -> Callable[[], Iterator[Batch]]:
    return lambda: iter([(images, labels)])


def hooked(module: nn.Module, factors: Mapping[str, Tensor]) -> nn.Module:
    """Return a copy whose layers' outputs are multiplied by factors of their channels."""
    twin = copy.deepcopy(module).eval()
    for name, factor in factors.items():

        def scale(_: nn.Module, __: object, output: Tensor, factor: Tensor = factor) -> Tensor:
            return output * (factor.view(-1, 1, 1) if output.dim() == 4 else factor)

        twin.get_submodule(name).register_forward_hook(scale)
    return twin


def naive(
    module: nn.Module, channels: Mapping[str, int], batches: list[Batch], rate: float
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return factors after one epoch of plain descent with momentum, and their importance."""
    factors = {name: torch.ones(count, requires_grad=True) for name, count in channels.items()}
    twin = hooked(module, factors)
    speed = {name: torch.zeros(count) for name, count in channels.items()}

    def gradients(images: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(F.cross_entropy(twin(images), labels), list(factors.values()))

    for images, labels in batches:
        found = gradients(images, labels)
        for name, gradient in zip(factors, found, strict=True):
            speed[name] = MOMENTUM * speed[name] + gradient
            factors[name].data -= rate * speed[name]
    total = {name: torch.zeros(count) for name, count in channels.items()}
    for images, labels in batches:
        for name, gradient in zip(factors, gradients(images, labels), strict=True):
            total[name] += len(labels) * (gradient * factors[name].detach()).abs()
    seen = sum(len(labels) for _, labels in batches)
    return factors, {name: value / seen for name, value in total.items()}


def test_a_chain_against_a_plain_loop() -> None:
    """Behind the batch-norms; the linear layer of the last group has none."""
    module = chain()
    count = BATCH + 8
    images, labels = some_images(count, 8), torch.arange(count) % 2
    small = [(images[:BATCH], labels[:BATCH]), (images[BATCH:], labels[BATCH:])]
    factors, importance = naive(module, {"1": 4, "4": 3, "8": 5}, small, 3.0)
    gates = Gates(module, find_groups(module, 8))
    gates.learn(batches_of(images, labels), epochs=1, learning_rate=3.0)
    found = gates.importance(batches_of(images, labels))
    assert set(gates.factors) == set(factors)
    for name, expected in factors.items():
        np.testing.assert_allclose(gates.factors[name], expected.detach(), rtol=1e-4)
        assert (expected - 1).abs().max() > 0.02
    for group, layer in (("0", "1"), ("3", "4"), ("8", "8")):
        np.testing.assert_allclose(found[group], importance[layer], rtol=1e-3, atol=1e-7)
    assert gates.images_trained == 2 * count


def test_a_residual_group_sums_its_filters() -> None:
    module = lively("torchvision/resnet18")
    images, labels = some_images(4), torch.tensor([0, 1, 2, 3])
    layers = {"bn1": 64, "layer1.0.bn2": 64, "layer1.1.bn2": 64}
    gates = Gates(module, find_groups(module, 64))
    found = gates.importance(batches_of(images, labels))["conv1"]
    _, importance = naive(module, layers, [(images, labels)], 0.0)
    expected = sum(importance.values(), start=torch.zeros(64)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * expected.max())


def test_a_unit_of_a_grouped_convolution_sums_its_channels() -> None:
    module = enliven(Blocks(), 8)
    images, labels = some_images(4, 8), torch.tensor([0, 1, 1, 0])
    gates = Gates(module, find_groups(module, 8))
    found = gates.importance(batches_of(images, labels))
    _, importance = naive(module, {"first": 6, "grouped": 4}, [(images, labels)], 0.0)
    first, grouped = importance["first"].numpy(), importance["grouped"].numpy()
    np.testing.assert_allclose(found["first"], first[:3] + first[3:], rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(found["grouped"], grouped[:2] + grouped[2:], rtol=1e-3, atol=1e-7)


def test_unlearnt_and_one_gate_a_unit_it_is_the_root_of_taylor() -> None:
    module = chain()
    images, labels = some_images(6, 8), torch.arange(6) % 2
    groups = find_groups(module, 8)
    found = Gates(module, groups).importance(batches_of(images, labels))
    taylor = squared_effects(module, groups, [(images, labels)])
    for name, effects in taylor.items():
        np.testing.assert_allclose(found[name], np.sqrt(effects), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(
    "name", ["timm/test_resnet", "timm/test_efficientnet", "torchvision/squeezenet1_1"]
)
def test_learning_lowers_the_loss_by_the_factors_alone(name: str) -> None:
    """The factors leave behind a network that, gated, does better; the network is as it was."""
    module = lively(name, 32)
    images, labels = some_images(16, 32), torch.arange(16) % 4
    before = {key: value.clone() for key, value in module.state_dict().items()}
    module.train()
    gates = Gates(module, find_groups(module, 32))
    with torch.no_grad():
        unlearnt = F.cross_entropy(hooked(module, gates.factors)(images), labels)
        gates.learn(batches_of(images, labels), epochs=6, learning_rate=0.01)
        learnt = F.cross_entropy(hooked(module, gates.factors)(images), labels)
    assert learnt < 0.99 * unlearnt
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert module.training
    assert all(p.requires_grad and p.grad is None for p in module.parameters())


def test_without_images_it_says_so() -> None:
    module = chain()
    with pytest.raises(ValueError, match="at least one image"):
        Gates(module, find_groups(module, 8)).importance(lambda: iter([]))
