"""Batch-norm statistics against naive ones."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tatl_search.config import NetworkSettings
from tatl_search.nets.batchnorm import reestimate
from tatl_search.nets.zoo import build
from tests.nets.lively import some_images

LABELS = torch.zeros(0)


def batches(images: Tensor, *sizes: int) -> list[tuple[Tensor, Tensor]]:
    return [(batch, LABELS) for batch in torch.split(images, list(sizes))]


def one_convolution() -> nn.Sequential:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=0.01))
    module[1].get_buffer("running_mean").fill_(50.0)
    module[1].get_buffer("running_var").fill_(50.0)
    return module


def outputs(module: nn.Sequential, images: Tensor) -> np.ndarray[tuple[int, int], np.dtype]:
    """Return a convolution's outputs, (values, channels), in double precision."""
    with torch.no_grad():
        values = module[0](images).movedim(1, -1).reshape(-1, 4)
    return np.asarray(values.double())


@pytest.mark.parametrize("sizes", [(16,), (8, 8), (10, 4, 2)])
def test_one_convolution_against_the_whole_set(sizes: tuple[int, ...]) -> None:
    module, images = one_convolution(), some_images(16, 8)
    assert reestimate(module, batches(images, *sizes)) == 16
    mean, var = (module[1].get_buffer(f"running_{name}").numpy() for name in ("mean", "var"))
    whole = outputs(module, images)
    each = [outputs(module, batch).var(axis=0, ddof=1) for batch, _ in batches(images, *sizes)]
    np.testing.assert_allclose(mean, whole.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(var, np.average(each, axis=0, weights=sizes), rtol=1e-5)
    np.testing.assert_allclose(var, whole.var(axis=0, ddof=1), rtol=0.02)


def test_a_slow_momentum_recovers_in_one_pass() -> None:
    """At momentum 0.01 (MobileNetV3's) training alone would take hundreds of batches."""
    torch.manual_seed(0)
    settings = NetworkSettings(name="timm/tf_efficientnet_lite0", weights="embedded")
    module = build(settings, 10, 64).module
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 0.01
        norm.get_buffer("running_var").mul_(4.0)
    images = some_images(32, 96)
    with torch.no_grad():
        off, wanted = module.eval()(images), one_batch_normalised(module, images)
        reestimate(module, [(images, LABELS)])
        recovered = module.eval()(images)
    assert {norm.momentum for norm in norms} == {0.01}
    assert (off - wanted).abs().mean() > 0.3 * wanted.abs().mean()
    # Not equal: a batch is normalised by its biased variance, an image by the unbiased one.
    assert (recovered - wanted).abs().mean() < 0.1 * wanted.abs().mean()


def one_batch_normalised(module: nn.Module, images: Tensor) -> Tensor:
    kept = {name: buffer.clone() for name, buffer in module.named_buffers()}
    module.eval()
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.train()
    scores: Tensor = module(images)
    module.load_state_dict(kept, strict=False)
    return scores


def test_dropout_is_off_and_modes_come_back() -> None:
    plain = one_convolution()
    module = nn.Sequential(nn.Dropout(0.9), *one_convolution()).train()
    module[2].eval()
    images = some_images(8, 8)
    reestimate(plain, batches(images, 8))
    reestimate(module, batches(images, 8))
    assert torch.equal(module[2].get_buffer("running_mean"), plain[1].get_buffer("running_mean"))
    assert [part.training for part in module] == [True, True, False]
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_single_image_has_no_variance_and_is_left_out() -> None:
    module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3))
    assert reestimate(module, batches(some_images(5, 8), 2, 1, 2)) == 4
    with pytest.raises(ValueError, match="at least two images"):
        reestimate(module, batches(some_images(1, 8), 1))


def test_without_batch_norm_nothing_is_passed_forward() -> None:
    assert reestimate(nn.Conv2d(3, 4, 3), batches(some_images(2, 8), 2)) == 0


def test_momentum_comes_back_after_an_error() -> None:
    def failing() -> Iterator[tuple[Tensor, Tensor]]:
        yield some_images(2, 8), LABELS
        raise OSError("the disk is gone")

    module = one_convolution()
    with pytest.raises(OSError, match="the disk is gone"):
        reestimate(module, failing())
    assert module[1].momentum == 0.01
