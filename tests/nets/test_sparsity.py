"""The sparsity of batch-norm scales by eye."""

import torch

from tatl_search.config import TrainingSettings
from tatl_search.nets.finetune import train
from tatl_search.nets.sparsity import add_sparsity
from tests.nets.lively import Chain, some_images


def test_the_subgradient_by_eye() -> None:
    module = Chain()
    scale = module.get_parameter("1.weight")
    with torch.no_grad():
        scale.copy_(torch.tensor([2.0, -0.5, 0.0, 1.0]))
    scale.grad = torch.tensor([1.0, 1.0, 1.0, -1.0])
    add_sparsity(module, 0.25)
    assert scale.grad.tolist() == [1.25, 0.75, 1.0, -0.75]
    assert module.get_parameter("4.weight").grad is None


def test_it_is_the_gradient_of_the_l1_norm() -> None:
    module = Chain()
    scales = [module.get_parameter(f"{at}.weight") for at in (1, 4)]
    for scale in scales:
        torch.nn.init.normal_(scale)
    expected = torch.autograd.grad(0.3 * torch.cat(tuple(scales)).abs().sum(), scales)
    for scale in scales:
        scale.grad = torch.zeros_like(scale)
    add_sparsity(module, 0.3)
    for scale, gradient in zip(scales, expected, strict=True):
        assert torch.equal(scale.grad, gradient)  # type: ignore[arg-type]


def test_training_with_it_shrinks_the_scales() -> None:
    images, labels = some_images(8, 8), torch.arange(8) % 2

    def scales_after(sparsity: float) -> float:
        torch.manual_seed(0)
        module = Chain()
        settings = TrainingSettings(epochs=20, batch_size=8, sparsity=sparsity)
        train(module, lambda _: [(images, labels)], settings, 1, device="cpu")
        return float(module.get_parameter("1.weight").detach().abs().sum())

    assert scales_after(0.5) < 0.5 * scales_after(0.0)
