"""Networks of the user's own: made, their heads found, wrong ones refused with what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from tatl_search.adaptation.keys import root_key
from tatl_search.config import AdaptationConfig, NetworkSettings
from tatl_search.core.plan import PrunePlan
from tatl_search.errors import InputError
from tatl_search.nets.equality import all_but
from tatl_search.nets.groups import find_groups
from tatl_search.nets.head import classifier_name
from tatl_search.nets.own import IMAGENET
from tatl_search.nets.structure import load_network, save_network
from tatl_search.nets.support import check_supported
from tatl_search.nets.surgery import prune
from tatl_search.nets.zoo import LoadedNetwork, build
from tests.own_networks import forget, page_files, work_in
from tests.plugins import install_package, look_in

CNN, TIMM, UNET = "small_cnn", "two_layer_head", "UNetClassifier"
HEADS = {CNN: "classifier", TIMM: "3", UNET: "classifier"}

ODD = '''
import torch
from torch import nn

NUMBER = 3
MADE = nn.Linear(3, 3)


class Late(nn.Module):
    """Registers its head first, and has a layer of as many outputs that comes before it."""

    def __init__(self, num_classes, first="head"):
        super().__init__()
        self.head = nn.Linear(8, num_classes)
        self.convolution = nn.Conv2d(3, 8, 3)
        self.between = nn.Conv2d(8, num_classes, 1)
        self.back = nn.Conv2d(num_classes, 8, 1)
        self.unused = nn.Linear(8, num_classes)

    def forward(self, images):
        seen = self.back(self.between(self.convolution(images).relu()))
        return self.head(seen.mean((2, 3)))


class Grey(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.convolution, self.head = nn.Conv2d(1, 8, 3), nn.Linear(8, num_classes)

    def forward(self, images):
        return self.head(self.convolution(images).mean((2, 3)))


class Two(Grey):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.convolution = nn.Conv2d(3, 8, 3)

    def forward(self, images):
        scores = super().forward(images)
        return scores, scores


class Headless(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.convolution = nn.Conv2d(3, 2 * num_classes, 3)

    def forward(self, images):
        return self.convolution(images).mean((2, 3)).unflatten(1, (2, -1)).sum(1)


def ten(width=4):
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(nn.Conv2d(3, width, 3), pool, nn.Linear(width, 10))


def anything(**arguments):
    return ten(len(arguments))


def words(num_classes):
    return {"classes": num_classes}


def fails(num_classes):
    raise ValueError("no such luck")


def needs(num_classes):
    import not_installed_anywhere


def ends(num_classes):
    raise SystemExit(3)


def holds_a_result(num_classes):
    made = ten()
    made.kept = made[0].weight * 2
    return made
'''


@pytest.fixture(autouse=True)
def _my_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = page_files()["my_package/networks.py"]
    files = {
        "my_package/networks.py": networks,
        "my_package/odd.py": ODD,
        "my_package/broken.py": "import torch\n\nwidth = = 3\n",
        "my_package/raises.py": "x = {}\nx['width']\n",
        "my_package/hungry.py": "import not_installed_anywhere\n",
    }
    work_in(tmp_path, files, monkeypatch)


def own(what: str, classes: int = 3, size: int = 32, **settings: Any) -> LoadedNetwork:
    place = what if ":" in what else f"networks:{what}"
    return build(NetworkSettings(name=f"python/my_package.{place}", **settings), classes, size)


@pytest.mark.parametrize("name", HEADS)
def test_the_pages_networks_prune_store_and_load(name: str, tmp_path: Path) -> None:
    network = own(name)
    assert classifier_name(network.module) == HEADS[name]
    assert network.preprocessing == IMAGENET
    check_supported(network.module, 32)
    groups = find_groups(network.module, 32)
    assert all(member.module != HEADS[name] or member.axis == "in"
               for group in groups for member in group.members)  # fmt: skip
    prune(network.module, groups, PrunePlan(tuple(all_but(group, 4) for group in groups)))
    save_network(tmp_path, network, ["a", "b", "c"], 32)
    again, _, _ = load_network(tmp_path, trust=["my_package"])
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(again.module(images), network.module.eval()(images))
    assert classifier_name(again.module) == HEADS[name]


def test_the_callable_gets_its_arguments_and_the_number_of_classes() -> None:
    network = own(CNN, arguments={"width": 24})
    assert network.arguments == {"num_classes": 3, "width": 24}
    assert network.module.get_submodule("stem.0").weight.shape == (24, 3, 3, 3)
    assert own("networks:SmallCNN", arguments={"width": 8}).arguments["num_classes"] == 3
    assert own("odd:ten", classes=10, arguments={"width": 8}).arguments == {"width": 8}
    assert own("odd:anything", 10, arguments={"b": [1, None]}).arguments == {
        "num_classes": 10,
        "b": [1, None],
    }


def test_the_head_is_what_runs_last_with_an_output_for_each_class() -> None:
    assert classifier_name(own("odd:Late").module) == "head"
    assert classifier_name(own("odd:Late", head="between").module) == "between"


def test_a_name_may_be_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    networks = {"offered/__init__.py": "", "offered/networks.py": ODD}
    points = "[tatl_search.networks]\nlate = offered.networks:Late\nodd = offered.networks:NUMBER\n"
    install_package(site, "offered", networks, points)
    look_in(site, monkeypatch)
    network = build(NetworkSettings(name="late"), 3, 32)
    assert (network.name, classifier_name(network.module)) == ("late", "head")
    save_network(tmp_path, network, ["a", "b", "c"], 32)
    with pytest.raises(InputError, match=r"foreign code, offered\.networks:Late"):
        load_network(tmp_path)
    assert load_network(tmp_path, trust=["offered"])[0].name == "late"
    with pytest.raises(InputError, match="object of type int, which cannot be called"):
        build(NetworkSettings(name="odd"), 3, 32)
    with pytest.raises(ValueError, match=r"write .*python/<module>:<callable> .*mean 'late'"):
        NetworkSettings(name="laet")


SAID = [
    ("nowhere:build", {}, r"no module 'my_package\.nowhere'.*working directory \("),
    ("broken:build", {}, r"my_package\.broken cannot be imported \(SyntaxError.*line 3"),
    ("raises:build", {}, r"raises cannot be imported \(KeyError: 'width', raises\.py:2"),
    ("hungry:build", {}, "hungry cannot be imported: it needs the module 'not_installed_anywhere'"),
    ("networks:smal_cnn", {}, r"networks has no 'smal_cnn' \(.*networks\.py\); did you mean 'smal"),
    ("networks:SmallCNN.buidl", {}, r"has no 'SmallCNN\.buidl'"),
    ("odd:NUMBER", {}, "odd:NUMBER is an object of type int, which cannot be called"),
    ("odd:MADE", {}, "odd:MADE is a network already"),
    (
        "networks:small_cnn",
        {"arguments": {"widht": 3}},
        r"network\.arguments: .*small_cnn takes \(num_classes.*unexpected.*did you mean 'width'",
    ),
    ("odd:fails", {}, r"odd:fails fails \(ValueError: no such luck, odd\.py:\d+\)"),
    ("odd:needs", {}, r"fails \(ModuleNotFoundError: .*not_installed_anywhere"),
    ("odd:ends", {}, r"odd:ends fails \(SystemExit: 3"),
    ("odd:words", {}, r"odd:words returns an object of type dict, not an nn\.Module"),
    ("odd:ten", {}, r"two images is \(2, 10\), not one score for each of the 3 .*num_classes"),
    ("odd:Two", {}, "two images is of type tuple, not one score"),
    ("odd:Grey", {}, r"should take RGB images.*first convolution takes 1 channels"),
    ("odd:holds_a_result", {}, "cannot be copied .*keep tensors in Parameters and buffers"),
    ("odd:Headless", {}, r"network\.head: none is found in Headless.* has 3 outputs"),
    ("odd:Late", {"head": "haed"}, r"network\.head: Late has no .* called 'haed'; it has .*betw"),
    ("odd:Late", {"head": ""}, r"network\.head: Late has no .* called ''"),
    ("odd:Late", {"head": "unused"}, r"network\.head: 'unused' is not used"),
    ("odd:Late", {"head": "convolution"}, r"'convolution' has 8 outputs; it should give one"),
    ("networks:UNetClassifier", {"size": 30}, r"30 x 30 px .*the smallest it takes of .* is 16"),
    ("networks:small_cnn", {"weights": "other.safetensors"}, r"other\.safetensors do not fit: "),
]  # fmt: skip


@pytest.mark.parametrize(("what", "settings", "said"), SAID)
def test_what_makes_no_network_is_refused(what: str, settings: dict[str, Any], said: str) -> None:
    safetensors.torch.save_file({"stem.weight": torch.zeros(3, 3)}, "other.safetensors")
    with pytest.raises(InputError, match=f"(?s)^(?=network).*{said}"):
        own(what, **settings)


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"name": "python/my_package.networks"}, "write torchvision/<name> or timm/<name> or"),
    ({"name": "python/my package:build"}, "python/<module>:<callable>"),
    ({"name": "python/../networks:build"}, "python/<module>:<callable>"),
    ({"name": "python/a:b", "weights": "random"}, "has no 'random' ones; write the path"),
    ({"name": "python/a:b", "weights": "embedded"}, "has no 'embedded' ones"),
    ({"name": "timm/resnet18", "weights": None}, "null is for a network of your own"),
    ({"name": "timm/resnet18", "arguments": {"a": 1}}, "arguments: is for a network of your own"),
    ({"name": "timm/resnet18", "head": "fc"}, "head: is for a network of your own"),
    ({"name": "python/a:b", "arguments": {"num_classes": 3}}, "num_classes follows from the data"),
    ({"name": "python/a:b", "arguments": {"a": {1, 2}}}, "should be finite numbers, words"),
    ({"name": "python/a:b", "arguments": {"a": float("inf")}}, "should be finite numbers, words"),
    ({"mean": (0.5, 0.5, 0.5)}, "mean and std belong together"),
    ({"mean": (0.5,), "std": (1.0,)}, "three finite numbers, of red, green and blue"),
    ({"mean": (0.5, 0.5, 0.5), "std": (1.0, 0.0, 1.0)}, "three numbers above 0"),
]


@pytest.mark.parametrize(("settings", "said"), SETTINGS)
def test_settings_that_do_not_go_together(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        NetworkSettings(**settings)


def test_weights_are_as_the_callable_makes_them_unless_a_file_is_named(tmp_path: Path) -> None:
    assert NetworkSettings(name="python/a:b").weights is None
    torch.manual_seed(3)
    network = own(CNN)
    torch.manual_seed(3)
    assert torch.equal(_head(own(CNN)), _head(network))
    torch.save(network.module.state_dict(), tmp_path / "mine.pth")
    assert torch.equal(_head(own(CNN, weights="mine.pth")), _head(network))
    other = own(CNN, classes=5, weights="mine.pth")  # another task: the head is drawn anew
    assert "the classifier is drawn anew" in other.notes[0]
    assert _head(other).shape == (5, 32)


def _head(network: LoadedNetwork) -> torch.Tensor:
    layer = network.module.get_submodule(classifier_name(network.module))
    assert isinstance(layer.weight, torch.Tensor)
    return layer.weight


def test_mean_and_std_of_the_settings_hold_for_every_network() -> None:
    given: dict[str, Any] = {"mean": (0.1, 0.2, 0.3), "std": (1, 2, 3)}
    assert own(CNN, **given).preprocessing.std == (1.0, 2.0, 3.0)
    library = build(NetworkSettings(name="torchvision/resnet18", weights="random", **given), 3, 32)
    assert library.preprocessing.mean == (0.1, 0.2, 0.3)


def test_code_runs_only_if_it_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_network(tmp_path, own(CNN), ["a", "b", "c"], 32)
    forget(monkeypatch)
    for trust in ((), ["my_pack"], ["my_package.other"], ["networks"]):
        with pytest.raises(InputError, match=r'load\(folder, trust=\["my_package"\]\)'):
            load_network(tmp_path, trust=trust)
    _expect_not_imported()
    for enough in (["my_package"], ["my_package.networks"], ["other", "my_package"], None):
        assert load_network(tmp_path, trust=enough)[1] == ("a", "b", "c")


def _expect_not_imported() -> None:
    import sys

    assert not [name for name in sys.modules if name.startswith("my_package")]


def test_a_folder_cannot_name_what_is_not_trusted(tmp_path: Path) -> None:
    save_network(tmp_path, own(CNN), ["a", "b", "c"], 32)
    path = tmp_path / "structure.json"
    said = json.loads(path.read_text())
    for name in ("python/os:system", "python/os:path.exists", "nobody"):
        path.write_text(json.dumps({**said, "network": name, "arguments": {"command": "false"}}))
        with pytest.raises(InputError, match=r"foreign code|no package that is installed"):
            load_network(tmp_path, trust=["my_package"])


def key(network: NetworkSettings) -> str:
    return root_key(AdaptationConfig(network=network), "images", 1, "cpu")


def test_a_key_depends_on_name_arguments_weights_and_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base: dict[str, Any] = {"name": "python/my_package.networks:small_cnn"}
    for name, value in (("a.pth", 1), ("b.pth", 2)):
        torch.save({"x": torch.tensor(value)}, tmp_path / name)
    all_keys = [
        key(NetworkSettings(**base)),
        key(NetworkSettings(name="python/my_package.networks:SmallCNN")),
        key(NetworkSettings(**base, arguments={"width": 24})),
        key(NetworkSettings(**base, arguments={"width": 25})),
        key(NetworkSettings(**base, weights="a.pth")),
        key(NetworkSettings(**base, weights="b.pth")),
        key(NetworkSettings(**base, head="classifier")),
        key(NetworkSettings(**base, mean=(0.5, 0.5, 0.5), std=(1, 1, 1))),
    ]
    assert len(set(all_keys)) == len(all_keys)
    drawn = torch.random.get_rng_state()
    assert key(NetworkSettings(**base)) == all_keys[0]
    assert torch.equal(torch.random.get_rng_state(), drawn)


def changed(old: str, new: str, name: str = "my_package/networks.py") -> Callable[[], None]:
    def change() -> None:
        text = Path(name).read_text()
        assert old in text
        Path(name).write_text(text.replace(old, new))

    return change


def test_a_key_depends_on_the_files_of_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    from tatl_search.nets.own import _digest_of

    settings = NetworkSettings(name="python/my_package.networks:small_cnn")
    Path("my_package/layers.py").write_text("from torch import nn\nclass Act(nn.ReLU):\n    pass\n")
    changed("import timm\n", "from my_package.layers import Act\n")()
    changed("nn.ReLU())", "Act())")()
    seen = []
    for change in (
        None,
        changed("pass", "slope = 2", "my_package/layers.py"),
        changed("3, s", "5, s"),
    ):
        if change is not None:
            change()
        forget(monkeypatch)
        _digest_of.cache_clear()
        seen.append(key(settings))
    assert len(set(seen)) == 3
    Path("my_package/unrelated.py").write_text("x = 1\n")
    forget(monkeypatch)
    _digest_of.cache_clear()
    assert key(settings) == seen[-1]


def test_a_module_can_be_a_callable_of_a_library() -> None:
    settings = NetworkSettings(name="python/torchvision.models:resnet18")
    network = build(settings, 4, 32)
    assert network.arguments == {"num_classes": 4}
    assert isinstance(network.module.get_submodule("fc"), nn.Linear)
