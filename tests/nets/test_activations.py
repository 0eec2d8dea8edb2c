"""Activation statistics against plain loops over recorded outputs, architecture by architecture."""

import copy
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.nets.activations import mean_activations
from tatl_search.nets.groups import find_groups
from tatl_search.nets.surgery import prune
from tests.nets.families import FAMILIES, IMAGE_SIZE
from tests.nets.lively import Blocks, Chain, lively, random_plan, some_images

Floats = npt.NDArray[np.float64]


def recorded(module: nn.Module, images: Tensor) -> dict[str, list[Tensor]]:
    """Return the outputs of every module, call by call."""
    outputs: dict[str, list[Tensor]] = {}
    twin = copy.deepcopy(module).eval()
    for name, part in twin.named_modules():

        def keep(_module: nn.Module, _inputs: object, output: object, name: str = name) -> None:
            if isinstance(output, Tensor):
                outputs.setdefault(name, []).append(output.detach().clone().double())

        part.register_forward_hook(keep)
    with torch.no_grad():
        twin(images)
    return outputs


def naive_mean(value: Tensor) -> Floats:
    """Return the mean |value| of each channel, image by image and position by position."""
    rows = value.flatten(2).numpy() if value.dim() == 4 else value[..., None].numpy()
    total, count = np.zeros(rows.shape[1]), 0
    for image in rows:
        for position in range(image.shape[1]):
            total += np.abs(image[:, position])
            count += 1
    return total / count


def averaged(places: Iterable[Tensor]) -> Floats:
    shares = [naive_mean(place) for place in places]
    mean: Floats = np.mean([share / share.sum() for share in shares], axis=0)
    return mean


def statistics(module: nn.Module, images: Tensor, sizes: Iterable[int]) -> dict[str, Floats]:
    batches = [(batch, torch.zeros(len(batch))) for batch in torch.split(images, list(sizes))]
    return mean_activations(module, find_groups(module, images.shape[-1]), batches)


@pytest.fixture(scope="module")
def images() -> Tensor:
    return some_images(6)


def check(found: Floats, expected: Floats) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * expected.max())


def test_a_chain_is_read_after_each_relu() -> None:
    module, few = Chain().eval(), some_images(5, 8)
    outputs = recorded(module, few)
    found = statistics(module, few, [2, 2, 1])
    assert list(found) == ["0", "3", "8"]
    for group, relu in (("0", "2"), ("3", "5"), ("8", "9")):
        assert found[group].dtype == np.float64
        check(found[group], naive_mean(outputs[relu][0]))


def test_a_unit_of_several_channels_is_their_mean_and_a_bare_layer_its_own_output() -> None:
    module, few = Blocks().eval(), some_images(4, 8)
    outputs = recorded(module, few)
    found = statistics(module, few, [4])
    first = naive_mean(F.relu(outputs["first"][0]))
    check(found["first"], (first[:3] + first[3:]) / 2)
    grouped = naive_mean(F.relu(outputs["grouped"][0]))
    check(found["grouped"], (grouped[:2] + grouped[2:]) / 2)
    check(found["left"], naive_mean(outputs["left"][0]))


def test_a_short_last_batch_weighs_as_little_as_it_should() -> None:
    module, few = Chain().eval(), some_images(5, 8)
    few[4] *= 100
    whole = statistics(module, few, [5])
    for name, found in statistics(module, few, [4, 1]).items():
        check(found, whole[name])


@pytest.mark.soak
def test_vgg(images: Tensor) -> None:
    module = lively("torchvision/vgg16_bn")
    outputs = recorded(module, images)
    found = statistics(module, images, [4, 2])
    check(found["features.0"], naive_mean(outputs["features.2"][0]))
    check(found["features.40"], naive_mean(outputs["features.42"][0]))
    check(found["classifier.3"], naive_mean(outputs["classifier.4"][0]))


def test_resnet_is_read_after_the_relu_that_follows_the_addition(images: Tensor) -> None:
    module = lively("torchvision/resnet18")
    outputs = recorded(module, images)
    found = statistics(module, images, [4, 2])
    check(found["layer1.0.conv1"], naive_mean(outputs["layer1.0.relu"][0]))
    trunk = [outputs["relu"][0], outputs["layer1.0.relu"][1], outputs["layer1.1.relu"][1]]
    check(found["conv1"], averaged(trunk))
    check(
        found["layer2.0.conv2"],
        averaged([outputs["layer2.0.relu"][1], outputs["layer2.1.relu"][1]]),
    )


def test_a_linear_bottleneck_is_read_after_its_normalisation(images: Tensor) -> None:
    module = lively("torchvision/mobilenet_v2")
    outputs = recorded(module, images)
    found = statistics(module, images, [4, 2])
    project = [outputs[f"features.{block}.conv.3"][0] for block in (4, 5, 6)]
    check(found["features.4.conv.2"], averaged(project))
    expand = [outputs["features.2.conv.0.2"][0], outputs["features.2.conv.1.2"][0]]
    check(found["features.2.conv.0.0"], averaged(expand))
    check(found["features.1.conv.1"], naive_mean(outputs["features.1.conv.2"][0]))


def test_densenet_is_read_where_its_consumers_have_normalised_it(images: Tensor) -> None:
    module = lively("torchvision/densenet121")
    outputs = recorded(module, images)
    found = statistics(module, images, [4, 2])
    block = "features.denseblock1.denselayer"
    check(found["features.conv0"], naive_mean(outputs["features.relu0"][0]))
    check(found[f"{block}2.conv1"], naive_mean(outputs[f"{block}2.relu2"][0]))
    # The fourth layer's 32 channels follow conv0's 64 and those of three layers before it.
    start = 64 + 3 * 32
    consumers = [f"{block}5.relu1", f"{block}6.relu1", "features.transition1.relu"]
    check(
        found[f"{block}4.conv2"],
        averaged([outputs[name][0][:, start : start + 32] for name in consumers]),
    )
    last = F.relu(outputs["features.norm5"][0])[:, -32:]
    check(found["features.denseblock4.denselayer16.conv2"], naive_mean(last))


def test_an_activation_inside_a_normalisation_is_found(images: Tensor) -> None:
    module = lively("timm/tf_efficientnet_lite0")
    outputs = recorded(module, images)
    found = statistics(module, images, [4, 2])
    expand = [outputs["blocks.1.0.bn1"][0], outputs["blocks.1.0.bn2"][0]]
    assert min(place.min().item() for place in expand) == 0, "ReLU6 lies within"
    check(found["blocks.1.0.conv_pw"], averaged(expand))
    check(found["blocks.0.0.conv_pw"], naive_mean(outputs["blocks.0.0.bn2"][0]))
    assert outputs["blocks.0.0.bn2"][0].min() < 0, "linear bottleneck"
    check(found["conv_head"], naive_mean(outputs["bn2"][0]))


def test_gates_of_squeeze_and_excitation_are_no_activations(images: Tensor) -> None:
    module = lively("torchvision/mobilenet_v3_small")
    outputs = recorded(module, images)
    found = statistics(module, images, [4, 2])
    squeeze = "features.4.block.2"
    check(found[f"{squeeze}.fc1"], naive_mean(outputs[f"{squeeze}.activation"][0]))
    expand = [outputs["features.4.block.0.2"][0], outputs["features.4.block.1.2"][0]]
    check(found["features.4.block.0.0"], averaged(expand))


def test_channels_last_linear_layers_of_convnext(images: Tensor) -> None:
    module = lively("torchvision/convnext_tiny")
    outputs = recorded(module, images[:2])
    found = statistics(module, images[:2], [2])
    hidden = outputs["features.1.0.block.4"][0].movedim(-1, 1)
    check(found["features.1.0.block.3"], naive_mean(hidden))
    places = [outputs["features.0.1"][0]]
    for block in range(3):
        places.append(outputs[f"features.1.{block}.block.2"][0].movedim(-1, 1))
    for block in range(3):
        scale = module.get_parameter(f"features.1.{block}.layer_scale").detach().double()
        places.append(scale * outputs[f"features.1.{block}.block.6"][0])
    check(found["features.0.0"], averaged(places))


def check_a_pruned_network_has_statistics(name: str) -> None:
    module = lively(name)
    groups = find_groups(module, IMAGE_SIZE)
    prune(module, groups, random_plan(groups, seed=3, share=0.5))
    groups = find_groups(module, IMAGE_SIZE)
    found = mean_activations(module, groups, [(some_images(2), torch.zeros(2))])
    assert {group.name: (group.width,) for group in groups} == {
        group: values.shape for group, values in found.items()
    }
    assert all((values >= 0).all() and np.isfinite(values).all() for values in found.values())
    assert sum(values.sum() > 0 for values in found.values()) > 0.9 * len(groups)


@pytest.mark.parametrize("name", ["torchvision/resnet18", "torchvision/squeezenet1_1"])
def test_a_pruned_network_has_statistics(name: str) -> None:
    check_a_pruned_network_has_statistics(name)


@pytest.mark.soak
@pytest.mark.parametrize("name", FAMILIES)
def test_a_pruned_network_of_every_family_has_statistics(name: str) -> None:
    check_a_pruned_network_has_statistics(name)


def test_a_dead_and_an_infinite_group_are_shown_as_such() -> None:
    module, few = Chain().eval(), some_images(2, 8)
    nn.init.constant_(module.get_parameter("1.weight"), 0)
    nn.init.constant_(module.get_parameter("1.bias"), -1)
    nn.init.constant_(module.get_parameter("8.bias"), torch.inf)
    found = statistics(module, few, [2])
    assert not found["0"].any()
    assert not np.isfinite(found["8"]).any()


def test_nothing_of_the_network_changes() -> None:
    module = Chain().train()
    module.get_submodule("4").eval()
    module.get_parameter("0.weight").requires_grad_(False)
    state = copy.deepcopy(module.state_dict())
    modes = [part.training for part in module.modules()]
    statistics(module, some_images(3, 8), [3])
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    assert [p.requires_grad for p in module.parameters()].count(False) == 1
    assert all(parameter.grad is None for parameter in module.parameters())


def test_no_images_is_an_error() -> None:
    module = Chain()
    with pytest.raises(ValueError, match="at least one image"):
        mean_activations(module, find_groups(module, 8), [])


@pytest.mark.parametrize(
    "activation",
    [nn.SiLU(), nn.GELU(), nn.Hardswish(), nn.Tanh(), nn.LeakyReLU(), nn.PReLU(4), nn.Sigmoid()],
)
def test_every_usual_non_linearity_is_known(activation: nn.Module) -> None:
    module, few = Chain().eval(), some_images(3, 8)
    module[2] = activation
    found = statistics(module, few, [3])
    check(found["0"], naive_mean(recorded(module, few)["2"][0]))
