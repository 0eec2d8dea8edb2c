from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tatl_search.deploy.export import export_onnx
from tatl_search.deploy.parity import OnnxClassifier, compare, prove_parity
from tatl_search.errors import RunError


def net(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 4),
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export_onnx(net(0), path, image_size=16)
    return path


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(23, 3, 16, 16, generator=torch.Generator().manual_seed(7))


def test_the_export_agrees_with_its_network_at_batch_sizes_1_to_7(
    exported: Path, images: Tensor
) -> None:
    parity = prove_parity(net(0).eval(), OnnxClassifier(exported), images)
    assert parity.images == 23  # 1 + 2 + ... + 6 = 21, and a last batch of 2
    assert parity.max_relative_difference < 1e-5
    assert parity.argmax_agreement == 1.0


def test_another_network_is_found_out(exported: Path, images: Tensor) -> None:
    with pytest.raises(RunError, match=r"does not compute.*relative 0\.\d+.*same class for \d"):
        prove_parity(net(1).eval(), OnnxClassifier(exported), images)


def test_accuracy_of_the_file_counts_images_not_batches(exported: Path, images: Tensor) -> None:
    labels = net(0).eval()(images).argmax(dim=1)
    labels[:5] = (labels[:5] + 1) % 4
    batches = [(images[:20], labels[:20]), (images[20:], labels[20:])]
    assert OnnxClassifier(exported).accuracy(batches) == 18 / 23


def test_the_relative_difference_is_of_each_images_largest_logit() -> None:
    expected = np.array([[10.0, -20.0], [0.1, 0.2]], dtype=np.float32)
    found = np.array([[10.0, -19.0], [0.1, 0.21]], dtype=np.float32)
    parity = compare(expected, found)
    assert parity.images == 2
    assert parity.max_abs_difference == pytest.approx(1.0)
    assert parity.max_relative_difference == pytest.approx(0.05)  # 1/20 and 0.01/0.2
    assert not parity.holds


def test_a_tie_of_torchs_own_logits_may_fall_either_way() -> None:
    tied = np.array([[1.0, 1.00001]], dtype=np.float32)
    clear = np.array([[1.0, 1.1]], dtype=np.float32)
    assert compare(tied, tied[:, ::-1]).argmax_agreement == 1.0
    assert compare(clear, clear[:, ::-1]).argmax_agreement == 0.0


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_outputs_that_are_no_numbers_never_agree(poison: float) -> None:
    good = np.ones((1, 2), dtype=np.float32)
    bad = np.full((1, 2), poison, dtype=np.float32)
    assert not compare(good, bad).holds
    assert not compare(bad, bad).holds


def test_outputs_of_zero_agree() -> None:
    assert compare(np.zeros((1, 2), np.float32), np.zeros((1, 2), np.float32)).holds
