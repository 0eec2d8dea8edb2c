"""Weights: where they come from, and that they fit."""

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from sklearn.datasets import load_sample_image
from torch import Tensor

from tatl_search.config import NetworkSettings
from tatl_search.errors import InputError
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.nets.zoo import LoadedNetwork, build

RESNET, LITE = "torchvision/resnet18", "timm/tf_efficientnet_lite0"
IMAGENET = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
HALF = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
State = dict[str, Tensor]


def loaded(name: str, weights: str | Path, classes: int = 10) -> LoadedNetwork:
    return build(NetworkSettings(name=name, weights=str(weights)), classes, 64)


def state_of(model: str, classes: int = 1000) -> State:
    torch.manual_seed(0)
    return dict(torchvision.models.get_model(model, num_classes=classes).state_dict())


@pytest.fixture(scope="module")
def resnet_state() -> State:
    return state_of("resnet18")


def normalised(images: Tensor, by: Preprocessing) -> Tensor:
    return (images - torch.tensor(by.mean).view(3, 1, 1)) / torch.tensor(by.std).view(3, 1, 1)


@pytest.mark.parametrize(("photo", "index"), [("china.jpg", 698), ("flower.jpg", 985)])
def test_embedded_weights_recognise_a_palace_and_a_daisy(photo: str, index: int) -> None:
    network = build(NetworkSettings(name=LITE, weights="embedded"), 1000, 224)
    pixels = torch.from_numpy(load_sample_image(photo).copy()).permute(2, 0, 1)[None] / 255
    side = min(pixels.shape[-2:])
    square = torchvision.transforms.functional.center_crop(pixels, [side, side])
    images = torch.nn.functional.interpolate(square, size=224, mode="bicubic", antialias=True)
    with torch.inference_mode():
        shares = network.module.eval()(normalised(images, network.preprocessing)).softmax(dim=1)
    assert int(shares.argmax()) == index
    assert float(shares.max()) > 0.2


def test_embedded_weights_belong_to_one_network() -> None:
    with pytest.raises(InputError, match=f"only {LITE} has embedded weights, not {RESNET}; use"):
        loaded(RESNET, "embedded")


@pytest.mark.parametrize(
    ("name", "preprocessing"),
    [(RESNET, IMAGENET), (LITE, HALF), ("torchvision/googlenet", HALF)],
)
def test_random_weights_take_the_librarys_preprocessing(
    name: str, preprocessing: Preprocessing
) -> None:
    assert loaded(name, "random").preprocessing == preprocessing


def _pth(state: State, path: Path) -> Path:
    torch.save(state, path.with_suffix(".pth"))
    return path.with_suffix(".pth")


def _checkpoint(state: State, path: Path) -> Path:
    torch.save({"epoch": 3, "model": state}, path.with_suffix(".pt"))
    return path.with_suffix(".pt")


def _safetensors(state: State, path: Path) -> Path:
    save_file(state, path.with_suffix(".safetensors"))
    return path.with_suffix(".safetensors")


@pytest.mark.parametrize("write", [_pth, _checkpoint, _safetensors])
def test_a_file_fills_all_but_a_head_of_other_classes(
    write: Callable[[State, Path], Path], resnet_state: State, tmp_path: Path
) -> None:
    path = write(resnet_state, tmp_path / "weights")
    torch.manual_seed(7)
    network = loaded(RESNET, path)
    torch.manual_seed(7)
    fresh = loaded(RESNET, "random").module.state_dict()
    for key, tensor in network.module.state_dict().items():
        assert torch.equal(tensor, fresh[key] if key.startswith("fc.") else resnet_state[key])
    assert network.preprocessing == IMAGENET


def test_a_head_of_as_many_classes_is_taken(tmp_path: Path) -> None:
    state = state_of("squeezenet1_1", classes=3)
    network = loaded("torchvision/squeezenet1_1", _pth(state, tmp_path / "three"), classes=3)
    assert torch.equal(
        network.module.get_parameter("classifier.1.bias"), state["classifier.1.bias"]
    )
    other = loaded("torchvision/squeezenet1_1", _pth(state, tmp_path / "three"), classes=4)
    assert other.module.get_parameter("classifier.1.weight").shape == (4, 512, 1, 1)


def test_files_of_old_torchs_fit(tmp_path: Path) -> None:
    """The published DenseNet files: other names (`norm.1`), no `num_batches_tracked`."""
    state = state_of("densenet121")
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))(?=[12]\.)", r"\1.", key): tensor
        for key, tensor in state.items()
        if not key.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    module = loaded("torchvision/densenet121", _pth(old, tmp_path / "old")).module
    key = "features.denseblock4.denselayer16.conv2.weight"
    assert torch.equal(module.get_parameter(key), state[key])


def test_what_does_not_fit_is_named(resnet_state: State, tmp_path: Path) -> None:
    wrong = dict(resnet_state)
    del wrong["conv1.weight"]
    wrong["conv9.weight"] = torch.zeros(1)
    wrong["bn1.weight"] = torch.zeros(65)
    with pytest.raises(InputError) as caught:
        loaded(RESNET, _pth(wrong, tmp_path / "wrong"))
    assert "wrong.pth" in str(caught.value)
    assert (
        "conv1.weight is missing; conv9.weight is not of this network;"
        " bn1.weight is (65,), not (64,)"
    ) in str(caught.value)


def test_another_networks_weights_are_refused_in_few_words(tmp_path: Path) -> None:
    path = _pth(state_of("squeezenet1_1"), tmp_path / "squeeze")
    with pytest.raises(InputError, match=r"do not fit: .* is missing; .*; and \d+ more$"):
        loaded(RESNET, path)


class Trap:
    """Unpickling it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_files_that_are_no_state_dict_are_refused(tmp_path: Path) -> None:
    (tmp_path / "trap.pth").write_bytes(pickle.dumps({"a": Trap(tmp_path / "sprung")}, protocol=2))
    torch.save([1, 2], tmp_path / "list.pt")
    (tmp_path / "cut.safetensors").write_bytes(b"\x08\x00")
    (tmp_path / "empty.pth").write_bytes(b"")
    for name in ("trap.pth", "list.pt", "cut.safetensors", "empty.pth"):
        with pytest.raises(InputError, match="cannot be read as a state dict"):
            loaded(RESNET, tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("weights", "said"),
    [("no/such.pth", "there is no file 'no/such.pth'"), ("imagenet", "neither embedded")],
)
def test_weights_that_are_not_there(weights: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        loaded(RESNET, weights)


def test_a_download_that_fails_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nobody listens
    with pytest.raises(InputError, match=r"could not be downloaded.*give the path of the file"):
        loaded("torchvision/squeezenet1_1", "pretrained")


def test_downloaded_googlenet_is_torchvisions_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From torchvision's cache: no auxiliary heads, and the input shifted by preprocessing."""
    torch.manual_seed(0)
    donor = torchvision.models.GoogLeNet(aux_logits=True, transform_input=True, init_weights=False)
    url = torchvision.models.GoogLeNet_Weights.DEFAULT.url
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    torch.save(donor.state_dict(), cache / url.rpartition("/")[2])
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    network = loaded("torchvision/googlenet", "pretrained", classes=1000)
    images = torch.rand(2, 3, 64, 64).double()
    for norm in (m for net in (donor, network.module) for m in net.modules()):
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.get_buffer("running_var").fill_(0.01)  # so that activations do not fade
    with torch.inference_mode():
        theirs = donor.double().eval()(normalised(images, IMAGENET))
        ours = network.module.double().eval()(normalised(images, network.preprocessing))
    assert float(theirs.std(0).mean()) > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=0.0)
