"""Groups: by eye on small networks and ResNet-18, and Torch-Pruning's traps on the others."""

import copy

import pytest
import torch
from torch import nn

from tatl_search.nets.groups import Group, find_groups
from tatl_search.nets.head import classifier_name
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.surgery import prune
from tests.nets.families import FAMILIES, FAST, IMAGE_SIZE
from tests.nets.lively import Blocks, Chain, lively, random_plan, take


def sides(group: Group) -> dict[tuple[str, str], tuple[tuple[int, ...], ...]]:
    return {(member.module, member.axis.value): member.indices for member in group.members}


def test_a_chain_has_a_group_for_each_layer_but_the_last() -> None:
    one, two, hidden = find_groups(Chain(), 8)
    each_of_four = ((0,), (1,), (2,), (3,))
    assert (one.name, one.width) == ("0", 4)
    assert sides(one) == dict.fromkeys([("0", "out"), ("1", "out"), ("3", "in")], each_of_four)
    assert (two.name, two.width) == ("3", 3)
    assert (hidden.name, hidden.width) == ("8", 5)


def test_a_flattened_channel_is_many_inputs_of_the_linear_layer() -> None:
    _, two, _ = find_groups(Chain(), 8)
    assert sides(two)["8", "in"] == ((0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11))


def test_a_unit_takes_one_channel_of_each_block_of_a_grouped_convolution() -> None:
    first, grouped, left, right = find_groups(Blocks(), 8)
    assert sides(first)["grouped", "in"] == ((0, 3), (1, 4), (2, 5))
    assert sides(first)["first", "out"] == ((0, 3), (1, 4), (2, 5))
    assert sides(grouped)["grouped", "out"] == ((0, 2), (1, 3))
    assert sides(grouped)["left", "in"] == sides(grouped)["right", "in"] == ((0, 2), (1, 3))
    assert (left.name, right.name) == ("left", "right")


def test_concatenated_channels_are_offset() -> None:
    *_, left, right = find_groups(Blocks(), 8)
    assert sides(left)["head", "in"] == ((0,), (1,))
    assert sides(right)["head", "in"] == ((2,), (3,), (4,))


def test_resnet18_has_the_groups_one_draws_on_paper() -> None:
    groups = {group.name: group for group in find_groups(lively("torchvision/resnet18"), 64)}
    inner = [f"layer{i}.{j}.conv1" for i in range(1, 5) for j in range(2)]
    trunk = ["conv1", "layer2.0.conv2", "layer3.0.conv2", "layer4.0.conv2"]
    assert sorted(groups) == sorted(inner + trunk)
    assert list(sides(groups["layer1.0.conv1"])) == [
        ("layer1.0.conv1", "out"),
        ("layer1.0.bn1", "out"),
        ("layer1.0.conv2", "in"),
    ]
    producers = {m.module for m in groups["layer2.0.conv2"].members if m.axis is Axis.OUT}
    assert producers == {
        *("layer2.0.conv2", "layer2.0.bn2", "layer2.1.conv2", "layer2.1.bn2"),
        *("layer2.0.downsample.0", "layer2.0.downsample.1"),
    }


def test_a_depthwise_convolution_goes_with_what_it_reads() -> None:
    groups = find_groups(lively("torchvision/mobilenet_v2"), 64)
    expand = next(group for group in groups if group.name == "features.2.conv.0.0")
    assert expand.width == 96
    assert [(m.module, m.axis) for m in expand.members if "conv.1.0" in m.module] == [
        ("features.2.conv.1.0", Axis.OUT)
    ]


def test_layer_scales_of_convnext_belong_to_their_trunk() -> None:
    groups = find_groups(lively("torchvision/convnext_tiny"), 64)
    scales = {m.module: g.name for g in groups for m in g.members if "layer_scale" in m.module}
    assert len(scales) == 18
    assert scales["features.1.0.layer_scale"] == "features.0.0"


@pytest.mark.parametrize("name", FAST)
def test_the_classes_are_never_in_a_group(name: str) -> None:
    check_the_classes_are_never_in_a_group(name)


@pytest.mark.soak
@pytest.mark.parametrize("name", FAMILIES)
def test_the_classes_are_never_in_a_group_of_any_family(name: str) -> None:
    check_the_classes_are_never_in_a_group(name)


def check_the_classes_are_never_in_a_group(name: str) -> None:
    module = lively(name)
    groups = find_groups(module, IMAGE_SIZE)
    outs = {m.module for group in groups for m in group.members if m.axis is Axis.OUT}
    assert classifier_name(module) not in outs
    filters = {n for n, m in module.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    assert filters - outs == {classifier_name(module)}, "every other layer can be pruned"


def test_a_frozen_network_has_all_its_groups_and_stays_as_it_was() -> None:
    module = lively("torchvision/resnet18").train()
    module.get_submodule("layer1").eval()
    before = find_groups(module, IMAGE_SIZE)
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    modes = [part.training for part in module.modules()]
    state = copy.deepcopy(module.state_dict())

    with torch.no_grad():
        assert find_groups(module, IMAGE_SIZE) == before

    assert [part.training for part in module.modules()] == modes
    assert not any(parameter.requires_grad for parameter in module.parameters())
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())


@pytest.mark.parametrize("name", ["torchvision/resnet18", "torchvision/resnext50_32x4d"])
def test_names_are_stable_over_rounds(name: str) -> None:
    module = lively(name)
    names = [group.name for group in find_groups(module, IMAGE_SIZE)]
    for seed in range(3):
        groups = find_groups(module, IMAGE_SIZE)
        assert [group.name for group in groups] == names
        prune(module, groups, random_plan(groups, seed, share=0.3))


def test_a_group_down_to_one_unit_is_no_longer_listed() -> None:
    module = Chain()
    groups = find_groups(module, 8)
    prune(module, groups, take(groups[0], 0, 1, 3))
    assert [group.name for group in find_groups(module, 8)] == ["3", "8"]


def test_a_depthwise_convolution_down_to_one_channel_is_no_group_of_its_own() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 2, 1),
        nn.Conv2d(2, 2, 3, groups=2),
        nn.Conv2d(2, 4, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 2),
    )
    groups = find_groups(module, 8)
    assert [group.name for group in groups] == ["0", "2"]
    prune(module, groups, take(groups[0], 0))
    assert [group.name for group in find_groups(module, 8)] == ["2"]


def test_one_channel_a_block_is_not_taken_for_depthwise() -> None:
    module = Blocks()
    groups = find_groups(module, 8)
    prune(module, groups, take(groups[1], 0))
    assert module.grouped.out_channels == module.grouped.groups == 2
    first, *_ = find_groups(module, 8)
    assert sides(first)["grouped", "in"] == ((0, 3), (1, 4), (2, 5))
    assert ("left", "in") not in sides(first)


def test_one_channel_a_block_on_both_sides_is_depthwise() -> None:
    module = Blocks()
    for expected in ("first", "first", "grouped"):
        group, *_ = find_groups(module, 8)
        assert group.name == expected
        prune(module, [group], take(group, 0))
    (first, *_), grouped = find_groups(module, 8), module.grouped
    assert (grouped.in_channels, grouped.out_channels, grouped.groups) == (2, 2, 2)
    assert sides(first)["grouped", "out"] == sides(first)["left", "in"] == ((0,), (1,))
    prune(module, [first], take(first, 1))
    assert module(torch.ones(1, 3, 8, 8)).shape == (1, 2)
