"""Building networks for a target task."""

from typing import Any

import pytest
import torch

from tatl_search.config import NetworkSettings
from tatl_search.errors import InputError
from tatl_search.nets.head import classifier_name
from tatl_search.nets.library import find
from tatl_search.nets.zoo import LoadedNetwork, build, construct
from tests.nets.families import CLASSES, FAMILIES, FAST, IMAGE_SIZE
from tests.nets.lively import some_images

CLASSIFIERS = {
    "torchvision/resnet18": "fc",
    "torchvision/mobilenet_v3_small": "classifier.3",
    "torchvision/densenet121": "classifier",
    "torchvision/squeezenet1_1": "classifier.1",
    "timm/tf_efficientnet_lite0": "classifier",
    "torchvision/vgg16": "classifier.6",
    "torchvision/vgg16_bn": "classifier.6",
    "torchvision/resnet50": "fc",
    "torchvision/resnext50_32x4d": "fc",
    "torchvision/mobilenet_v2": "classifier.1",
    "torchvision/efficientnet_b0": "classifier.1",
    "torchvision/convnext_tiny": "classifier.2",
    "torchvision/regnet_y_400mf": "fc",
    "torchvision/googlenet": "fc",
}


def random_network(name: str, classes: int = CLASSES, image_size: int = 64) -> LoadedNetwork:
    return build(NetworkSettings(name=name, weights="random"), classes, image_size)


def check_builds(name: str) -> None:
    network = random_network(name)
    module = network.module.train()
    assert network.name == name
    assert classifier_name(module) == CLASSIFIERS[name]
    scores = module(some_images(2))
    assert isinstance(scores, torch.Tensor), "no auxiliary outputs while training"
    assert scores.shape == (2, CLASSES)
    convolutions = [m for m in module.modules() if isinstance(m, torch.nn.Conv2d)]
    assert all(c.weight.is_contiguous(memory_format=torch.channels_last) for c in convolutions)


@pytest.mark.parametrize("name", FAST)
def test_builds_for_the_targets_classes(name: str) -> None:
    check_builds(name)


@pytest.mark.soak
@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in FAST])
def test_builds_for_the_targets_classes_in_every_family(name: str) -> None:
    check_builds(name)


def test_the_head_follows_torchs_seed() -> None:
    heads = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        embedded = NetworkSettings(name="timm/tf_efficientnet_lite0", weights="embedded")
        heads.append(build(embedded, CLASSES, IMAGE_SIZE).module.get_parameter("classifier.weight"))
    assert heads[0].shape == (CLASSES, 1280)
    assert 0.9 / 1280**0.5 < float(heads[0].detach().abs().max()) <= 1 / 1280**0.5
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("torchvision/vgg16", 16, r"16 x 16 px.*is 32; set data\.image_size"),
        ("torchvision/densenet121", 24, "is 32"),
        ("torchvision/convnext_tiny", 16, "is 32"),
        ("torchvision/inception_v3", 64, "is 96"),
        ("torchvision/vit_b_16", 64, "is 224"),
        ("timm/hrnet_w18_small", 16, "is 32"),
    ],
)
def test_an_image_size_the_network_cannot_take_is_refused(name: str, size: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        random_network(name, image_size=size)


@pytest.mark.parametrize("name", FAST)
def test_sixteen_pixels_are_refused_exactly_where_torch_would_fail(name: str) -> None:
    module = construct(name, find(name)[0].arguments(name.partition("/")[2], CLASSES))
    images = torch.zeros(2, 3, 16, 16)
    try:
        with torch.no_grad():
            module.eval()(images)
            module.train()(images)
    except (RuntimeError, ValueError):
        with pytest.raises(InputError, match="cannot take images of 16 x 16"):
            random_network(name, image_size=16)
    else:
        random_network(name, image_size=16)


def test_construct_leaves_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    construct("torchvision/squeezenet1_1", {"num_classes": 3})
    construct("torchvision/regnet_y_400mf", {"num_classes": 3})
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"num_classes": "3"},
        {"num_classes": 3, "pretrained": True},
        {"num_classes": 3, "checkpoint_path": 0},
    ],
)
def test_construct_takes_no_arguments_but_the_networks_own(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="takes"):
        construct("timm/resnet18", arguments)


def test_no_classifier_is_said() -> None:
    with pytest.raises(InputError, match="Sequential has no linear or convolution layer"):
        classifier_name(torch.nn.Sequential(torch.nn.ReLU()))
