"""Taylor scores against gates that are really there, and against Torch-Pruning."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch_pruning
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.methods.scores import taylor
from tatl_search.nets.gradients import BATCH
from tests.methods.contexts import context_of
from tests.methods.peers import peer_scores
from tests.nets.lively import Chain, enliven, lively, some_images

Floats = npt.NDArray[np.float64]


def gated(
    module: nn.Module, layers: Sequence[str], width: int, images: Tensor, labels: Tensor
) -> Floats:
    """Return the squared gradient of one gate a unit, put behind each of these layers."""
    gate = torch.ones(width, requires_grad=True)

    def close(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        return output * (gate.view(-1, 1, 1) if output.dim() == 4 else gate)

    hooks = [module.get_submodule(layer).register_forward_hook(close) for layer in layers]
    (gradient,) = torch.autograd.grad(F.cross_entropy(module(images), labels), gate)
    for hook in hooks:
        hook.remove()
    return gradient.double().square().numpy()


def test_a_chain_against_gates() -> None:
    module = enliven(Chain(), 8)
    images, labels = some_images(4, 8), torch.tensor([0, 1, 1, 0])
    found = taylor.SCORE.run(context_of(module, images, labels, batch=4))
    for name, behind, width in (("0", "1", 4), ("3", "4", 3), ("8", "8", 5)):
        expected = gated(module, [behind], width, images, labels)
        np.testing.assert_allclose(found.by_group[name], expected, rtol=1e-4, atol=1e-12)
    assert (found.spent.images_forward, found.spent.images_trained) == (0, 4)


def test_a_residual_group_has_one_gate() -> None:
    module = lively("torchvision/resnet18")
    images, labels = some_images(4), torch.tensor([0, 1, 2, 3])
    found = taylor.SCORE.run(context_of(module, images, labels, batch=4)).by_group
    expected = gated(module, ["bn1", "layer1.0.bn2", "layer1.1.bn2"], 64, images, labels)
    np.testing.assert_allclose(found["conv1"], expected, rtol=1e-3, atol=1e-3 * expected.max())


def test_batches_count_by_their_images() -> None:
    module = enliven(Chain(), 8)
    images, labels = some_images(BATCH + 8, 8), torch.arange(BATCH + 8) % 2
    found = taylor.SCORE.run(context_of(module, images, labels, batch=100)).by_group["0"]
    full = gated(module, ["1"], 4, images[:BATCH], labels[:BATCH])
    rest = gated(module, ["1"], 4, images[BATCH:], labels[BATCH:])
    np.testing.assert_allclose(found, (BATCH * full + 8 * rest) / (BATCH + 8), rtol=1e-4)


def test_frozen_parameters_are_scored_and_stay_frozen() -> None:
    module = enliven(Chain(), 8)
    images, labels = some_images(4, 8), torch.tensor([0, 1, 1, 0])
    expected = taylor.SCORE.run(context_of(module, images, labels)).by_group["0"]
    module.requires_grad_(False)
    found = taylor.SCORE.run(context_of(module, images, labels)).by_group["0"]
    assert found.tolist() == expected.tolist()
    assert not any(p.requires_grad or p.grad is not None for p in module.parameters())


def test_torch_pruning_ranks_the_same() -> None:
    """It passes over batch-norms and biases, so there are none here; over one batch."""
    module = lively("torchvision/squeezenet1_1")
    for name, parameter in module.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
    images, labels = some_images(4), torch.tensor([0, 1, 2, 3])
    found = taylor.SCORE.run(context_of(module, images, labels, batch=4)).by_group
    F.cross_entropy(module(images), labels).backward()  # type: ignore[no-untyped-call]
    peer = torch_pruning.importance.GroupTaylorImportance(normalizer=None, multivariable=True)
    for name, expected in peer_scores(module, 64, peer, *found).items():
        largest = expected.max()
        np.testing.assert_allclose(np.sqrt(found[name]), expected, rtol=1e-3, atol=1e-4 * largest)
