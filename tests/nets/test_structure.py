"""Networks that go to disk and come back equal, bit by bit."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tatl_search.config import NetworkSettings
from tatl_search.errors import InputError
from tatl_search.nets.groups import find_groups
from tatl_search.nets.structure import load_network, rebuild, save_network, structure_of
from tatl_search.nets.surgery import prune
from tatl_search.nets.zoo import LoadedNetwork, build
from tests.nets.families import CLASSES, FAMILIES, FAST, IMAGE_SIZE
from tests.nets.lively import enliven, random_plan, some_images

AT_EVERY_COMMIT = (*FAST, "torchvision/convnext_tiny", "torchvision/regnet_y_400mf")
NAMES = tuple(f"class {i}" for i in range(CLASSES))
Change = Callable[[Any], object]


def lively_network(name: str) -> LoadedNetwork:
    torch.manual_seed(0)
    network = build(NetworkSettings(name=name, weights="random"), CLASSES, IMAGE_SIZE)
    enliven(network.module, IMAGE_SIZE)
    return network


def prune_some(network: LoadedNetwork, seed: int) -> None:
    groups = find_groups(network.module, IMAGE_SIZE)
    prune(network.module, groups, random_plan(groups, seed, share=0.2))


def scores(module: nn.Module) -> Tensor:
    images = some_images(4).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        found: Tensor = module.eval()(images)
    return found


def check_round_trips(name: str, folder: Path) -> None:
    network = lively_network(name)
    before = torch.get_rng_state()
    for round_ in range(3):
        prune_some(network, round_)
        save_network(folder, network, NAMES, IMAGE_SIZE)
        again, class_names, image_size = load_network(folder)
        expected = scores(network.module)
        assert torch.equal(scores(again.module), expected)
        assert float(expected.std(0).mean()) > 1e-3 * float(expected.abs().mean())
        assert (class_names, image_size) == (NAMES, IMAGE_SIZE)
        assert (again.name, again.arguments) == (network.name, network.arguments)
        assert again.preprocessing == network.preprocessing
    assert torch.equal(torch.get_rng_state(), before), "loading leaves random numbers alone"


@pytest.mark.parametrize("name", AT_EVERY_COMMIT)
def test_three_rounds_come_back_bit_equal(name: str, tmp_path: Path) -> None:
    check_round_trips(name, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in AT_EVERY_COMMIT])
def test_three_rounds_come_back_bit_equal_in_every_family(name: str, tmp_path: Path) -> None:
    check_round_trips(name, tmp_path)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Tensor]]:
    """Return the two files of a pruned SqueezeNet: its JSON and its tensors."""
    folder = tmp_path_factory.mktemp("stored")
    network = lively_network("torchvision/squeezenet1_1")
    prune_some(network, 0)
    save_network(folder, network, NAMES, IMAGE_SIZE)
    return (folder / "structure.json").read_text(), load_file(folder / "weights.safetensors")


@pytest.fixture
def folder(stored: tuple[str, dict[str, Tensor]], tmp_path: Path) -> Path:
    """Return a folder with those two files, to be damaged."""
    text, tensors = stored
    (tmp_path / "structure.json").write_text(text)
    save_file(tensors, tmp_path / "weights.safetensors")
    return tmp_path


def test_the_json_reads_like_torch() -> None:
    network = lively_network("torchvision/squeezenet1_1")
    structure = json.loads(structure_of(network, NAMES, IMAGE_SIZE).model_dump_json())
    assert structure["network"] == "torchvision/squeezenet1_1"
    assert structure["arguments"] == {"num_classes": CLASSES}
    assert structure["widths"]["features.3.squeeze"] == {
        "in_channels": 64,
        "out_channels": 16,
        "groups": 1,
    }
    assert structure["preprocessing"]["mean"] == [0.485, 0.456, 0.406]
    assert structure["class_names"][9] == "class 9"
    assert (structure["version"], structure["image_size"]) == (1, 64)


def test_a_structure_alone_rebuilds_the_shapes() -> None:
    network = lively_network("torchvision/resnet18")
    prune_some(network, 0)
    again = rebuild(structure_of(network, NAMES, IMAGE_SIZE))
    assert structure_of(again, NAMES, IMAGE_SIZE) == structure_of(network, NAMES, IMAGE_SIZE)
    shapes = {name: t.shape for name, t in network.module.state_dict().items()}
    assert {name: t.shape for name, t in again.module.state_dict().items()} == shapes


def test_tensors_that_share_memory_are_stored_apart(tmp_path: Path) -> None:
    network = lively_network("torchvision/resnet18")
    both = torch.randn(2, 64)
    network.module.get_parameter("bn1.weight").data = both[0]
    network.module.get_parameter("bn1.bias").data = both[1]
    save_network(tmp_path, network, NAMES, IMAGE_SIZE)
    again, _, _ = load_network(tmp_path)
    assert torch.equal(again.module.get_parameter("bn1.bias"), both[1])


def _edit(folder: Path, change: Change) -> None:
    path = folder / "structure.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def _put(*keys: str, value: Any) -> Change:
    """Return the change that puts a value at a place."""

    def change(content: Any) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


CONV = ("widths", "features.0")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_put("widths", "features.99", value={"in_channels": 1}), "layers unknown: features.99"),
        (lambda content: content["widths"].pop("features.0"), "layers missing: features.0"),
        (_put(*CONV, "out_channels", value=10**12), "more than the unpruned"),
        (_put(*CONV, "out_channels", value=-4), r"widths\.features\.0\.out_channels.*greater"),
        (_put(*CONV, "out_channels", value=0), "greater than or equal to 1"),
        (_put(*CONV, "out_channels", value="all"), "valid integer"),
        (_put(*CONV, "out_channels", value=7), "widths do not fit each other"),
        (_put("widths", value=[]), "widths: "),
        (_put("network", value="torchvision/squeezenet9"), "has no 'squeezenet9'"),
        (_put("network", value="torchvision/resnet18"), "layers unknown: "),
        (_put("arguments", "checkpoint_path", value=1), "takes"),
        (_put("arguments", "num_classes", value=4), "10 class names, but 4 outputs"),
        (_put("class_names", value=["a", "b"]), "2 class names, but 10 outputs"),
        (_put("preprocessing", "mean", value=[0.5, math.nan, 0.5]), "three finite numbers"),
        (_put("preprocessing", value={}), "preprocessing.mean: "),
        (_put("image_size", value=8), "do not fit"),
        (_put("surprise", value=1), "surprise: "),
        (_put("version", value=2), "newer version.*update"),
        (lambda content: content.pop("version"), "version: "),
        (lambda content: content.pop("widths"), "widths: "),
    ],
)
def test_a_damaged_structure_is_refused_with_its_reason(
    folder: Path, change: Change, said: str
) -> None:
    _edit(folder, change)
    with pytest.raises(InputError, match=said) as caught:
        load_network(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"null"])
def test_a_structure_that_is_none_is_refused(folder: Path, content: bytes) -> None:
    (folder / "structure.json").write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        load_network(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors: tensors.pop("features.0.bias"), "tensors missing: features.0.bias"),
        (_put("extra", value=torch.zeros(1)), "tensors unknown: extra"),
        (_put("features.0.bias", value=torch.zeros(3)), r"is \(3,\).*structure says"),
        (_put("features.0.bias", value=torch.zeros(64).half()), "float16"),
        (lambda tensors: tensors["features.0.bias"].fill_(torch.nan), "not finite"),
    ],
)
def test_weights_that_do_not_belong_are_refused(folder: Path, change: Change, said: str) -> None:
    path = folder / "weights.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    change(tensors)
    save_file(tensors, path)
    with pytest.raises(InputError, match=said) as caught:
        load_network(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5])
def test_weights_cut_short_are_refused(folder: Path, share: float) -> None:
    path = folder / "weights.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"weights\.safetensors is damaged"):
        load_network(folder)


@pytest.mark.parametrize("name", ["structure.json", "weights.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"there is no {name}"):
        load_network(folder)
