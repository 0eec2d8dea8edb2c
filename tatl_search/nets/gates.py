"""Gates on the channels of a network, learnt while its weights stay: what hangs on each."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.nets.gradients import gate_layers, small_batches
from tatl_search.nets.groups import Group
from tatl_search.nets.skeleton import eval_mode
from tatl_search.nets.units import unit_sums

Floats = npt.NDArray[np.float64]
Batches = Callable[[], Iterable[tuple[Tensor, Tensor]]]

MOMENTUM = 0.9


class Gates:
    """A factor on each channel of the layers that gate a network's groups, 1 at first.

    The cross-entropy is taken in eval mode over pieces of batches, as `gradients` does. The
    network's weights, modes, `requires_grad` and gradients stay as they are.

    Attributes:
        factors: layer name -> (channels,).
        images_trained: images through backward so far.
    """

    def __init__(self, module: nn.Module, groups: Sequence[Group]) -> None:
        self._module = module
        self._groups = groups
        self._weights = {
            member.module: layer.gate()
            for group in groups
            for member, layer in gate_layers(module, group)
        }
        self.factors = {
            name: _ones(*next(iter(weights.values()))) for name, weights in self._weights.items()
        }
        self.images_trained = 0

    def learn(self, batches: Batches, epochs: int, learning_rate: float) -> None:
        """Lower the loss by the factors alone, by gradient descent with momentum.

        Args:
            batches: makes the images (B, 3, H, W) and labels (B,) of an epoch.
            epochs: passes over them.
            learning_rate: constant.
        """
        factors = list(self.factors.values())
        optimizer = torch.optim.SGD(factors, lr=learning_rate, momentum=MOMENTUM)
        for _ in range(epochs):
            for images, labels in small_batches(batches()):
                for factor, gradient in zip(factors, self._gradients(images, labels), strict=True):
                    factor.grad = gradient
                optimizer.step()

    def importance(self, batches: Batches) -> dict[str, Floats]:
        """Return what hangs on each unit: the sum of |factor * dL/dfactor| over its channels.

        Of each channel it is the mean over pieces of batches; a smaller one counts by its images.

        Returns:
            Group name -> (width,) numbers >= 0, unless gradients are not finite.

        Raises:
            ValueError: there are no images.
        """
        sums = [torch.zeros_like(factor) for factor in self.factors.values()]
        seen = 0
        for images, labels in small_batches(batches()):
            gradients = self._gradients(images, labels)
            for total, factor, gradient in zip(sums, self.factors.values(), gradients, strict=True):
                total += len(labels) * (factor * gradient).abs()
            seen += len(labels)
        if not seen:
            raise ValueError("gradients need at least one image")
        means = dict(
            zip(self.factors, [total.double().cpu() / seen for total in sums], strict=True)
        )
        return {group.name: self._of_units(group, means) for group in self._groups}

    def _of_units(self, group: Group, channels: Mapping[str, Tensor]) -> Floats:
        layers = gate_layers(self._module, group)
        found: Floats = np.sum(
            [unit_sums(channels[member.module].numpy(), member.indices) for member, _ in layers],
            axis=0,
        )
        return found

    def _gradients(self, images: Tensor, labels: Tensor) -> Sequence[Tensor]:
        factors = {name: factor.detach().requires_grad_() for name, factor in self.factors.items()}
        with eval_mode(self._module), torch.enable_grad():
            gated = {
                f"{layer}.{name}": _scaled(weight.detach(), dim, factor)
                for layer, factor in factors.items()
                for name, (weight, dim) in self._weights[layer].items()
            }
            scores = torch.func.functional_call(self._module, gated, (images,))
            loss = F.cross_entropy(scores, labels)
        self.images_trained += len(labels)
        return torch.autograd.grad(loss, list(factors.values()), materialize_grads=True)


def _ones(weight: Tensor, dim: int) -> Tensor:
    """Return (channels,) ones."""
    return torch.ones(weight.shape[dim], device=weight.device)


def _scaled(weight: Tensor, dim: int, factor: Tensor) -> Tensor:
    """Return a weight whose channels are scaled."""
    shape = [1] * weight.dim()
    shape[dim] = -1
    return weight * factor.view(shape)
