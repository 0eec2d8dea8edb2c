import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tatl_search.deploy.export import trace, write_onnx, write_pt2
from tatl_search.deploy.parity import (
    Classifier,
    confusion_of,
    logits_in_batches,
    onnx_classifier,
    prove_parity,
    pt2_classifier,
    torch_classifier,
)
from tatl_search.deploy.shipped.verify import compare
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
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Classifier]:
    folder = tmp_path_factory.mktemp("exported")
    program = trace(net(0), image_size=16)
    write_onnx(program, folder / "model.onnx")
    write_pt2(program, folder / "model.pt2")
    return {
        "onnx": onnx_classifier(folder / "model.onnx"),
        "pt2": pt2_classifier(folder / "model.pt2"),
    }


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(50, 3, 16, 16, generator=torch.Generator().manual_seed(7))


@pytest.mark.parametrize("form", ["onnx", "pt2"])
def test_the_export_agrees_with_its_network_in_batches_of_several_sizes(
    form: str, exported: dict[str, Classifier], images: Tensor
) -> None:
    expected = net(0).eval()(images).detach().numpy()
    parity = prove_parity(form, expected, exported[form], images)
    assert parity.images == 50
    assert parity.max_relative_difference < 1e-5
    assert parity.argmax_agreement == 1.0


def test_batches_are_of_1_2_7_32_and_then_64_images(images: Tensor) -> None:
    sizes = []

    def first_pixels(batch: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        sizes.append(len(batch))
        return batch[:, 0, 0, :2].numpy()

    many = torch.cat([images, images, images])
    assert np.array_equal(logits_in_batches(first_pixels, many), first_pixels(many))
    assert sizes == [1, 2, 7, 32, 64, 44, 150]


def test_another_network_is_found_out(exported: dict[str, Classifier], images: Tensor) -> None:
    other = logits_in_batches(torch_classifier(net(1).eval()), images)
    with pytest.raises(
        RunError, match=r"does not compute.*ONNX Runtime on 50 images.*relative 0\.\d+.*same class"
    ):
        prove_parity("ONNX Runtime", other, exported["onnx"], images)


def test_images_are_counted_by_class_whatever_the_batches(
    exported: dict[str, Classifier], images: Tensor
) -> None:
    labels = net(0).eval()(images).argmax(dim=1)
    labels[:5] = (labels[:5] + 1) % 4
    batches = [(images[:20], labels[:20]), (images[20:], labels[20:])]
    found = confusion_of(exported["onnx"], batches, ("a", "b", "c", "d"))
    assert found.accuracy.accuracy == 45 / 50
    assert found.counts.sum(axis=1).tolist() == torch.bincount(labels, minlength=4).tolist()


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
