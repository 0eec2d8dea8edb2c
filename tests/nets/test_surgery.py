"""Surgery: a pruned network computes what the whole one does with those channels silenced."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.convnext import LayerNorm2d

from tatl_search.config import NetworkSettings
from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.nets.groups import Group, find_groups
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.structure import load_network, save_network
from tatl_search.nets.surgery import prune
from tatl_search.nets.zoo import build
from tests.nets.families import CLASSES, FAMILIES, FAST, IMAGE_SIZE
from tests.nets.lively import (
    Blocks,
    Chain,
    enliven,
    lively,
    random_plan,
    resolve,
    some_images,
    take,
)

AT_EVERY_COMMIT = (*FAST, "torchvision/mobilenet_v2", "torchvision/resnext50_32x4d")


class NormOverKept(nn.Module):
    """A layer normalisation that does not see some channels and silences them."""

    def __init__(self, norm: nn.LayerNorm, gone: set[int]) -> None:
        super().__init__()
        self.norm = norm
        self.kept = [i for i in range(norm.normalized_shape[0]) if i not in gone]

    def forward(self, images: Tensor) -> Tensor:
        dim = 1 if isinstance(self.norm, LayerNorm2d) else -1
        kept = images.movedim(dim, -1)[..., self.kept]
        weight, bias = self.norm.weight[self.kept], self.norm.bias[self.kept]
        out = torch.zeros_like(images.movedim(dim, -1))
        out[..., self.kept] = F.layer_norm(kept, kept.shape[-1:], weight, bias, self.norm.eps)
        return out.movedim(-1, dim)


def silenced(module: nn.Module, groups: Sequence[Group], plan: PrunePlan) -> nn.Module:
    """Return a copy whose planned units put out zeros, as slowly and plainly as possible."""
    quiet = copy.deepcopy(module)
    by_name = {group.name: group for group in groups}
    gone: dict[str, set[int]] = {}
    for removal in plan.removals:
        for member in by_name[removal.group].members:
            if member.axis is Axis.OUT:
                for unit in removal.units:
                    gone.setdefault(member.module, set()).update(member.indices[unit])
    for name, channels in gone.items():
        target = resolve(quiet, name)
        if isinstance(target, nn.LayerNorm):
            quiet.set_submodule(name, NormOverKept(target, channels))
            continue
        tensors = [target] if isinstance(target, nn.Parameter) else list(target.parameters())
        for tensor in tensors:
            for channel in channels:
                tensor.data[channel] = 0
    return quiet


def check_three_rounds(module: nn.Module, image_size: int = IMAGE_SIZE) -> None:
    module = module.double()
    images = some_images(4, image_size).double()
    for seed in range(3):
        groups = find_groups(module, image_size)
        plan = random_plan(groups, seed, share=0.25)
        with torch.no_grad():
            whole, expected = module(images), silenced(module, groups, plan)(images)
            prune(module, groups, plan)
            pruned = module(images)
        assert expected.std(0).mean() > 1e-3 * expected.abs().mean(), "logits follow the image"
        assert (expected - whole).abs().max() > 1e-3 * whole.abs().max(), "the plan matters"
        assert (pruned - expected).abs().max() <= 1e-9 * expected.abs().max()


@pytest.mark.parametrize("name", AT_EVERY_COMMIT)
def test_pruned_equals_silenced_over_three_rounds(name: str) -> None:
    check_three_rounds(lively(name))


@pytest.mark.soak
@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in AT_EVERY_COMMIT])
def test_pruned_equals_silenced_over_three_rounds_in_every_family(name: str) -> None:
    check_three_rounds(lively(name))


@pytest.mark.parametrize("make", [Chain, Blocks])
def test_pruned_equals_silenced_in_small_networks(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    module = enliven(make(), 8).double()
    images = some_images(4, 8).double()
    groups = find_groups(module, 8)
    plan = PrunePlan(tuple(take(group, 1).removals[0] for group in groups))
    expected = silenced(module, groups, plan)(images)
    prune(module, groups, plan)
    torch.testing.assert_close(module(images), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["timm/tf_efficientnet_lite0", "torchvision/resnext50_32x4d"])
def test_a_rebuilt_network_is_pruned_on_as_the_stored_one(name: str, tmp_path: Path) -> None:
    network = build(NetworkSettings(name=name, weights="random"), CLASSES, IMAGE_SIZE)
    enliven(network.module, IMAGE_SIZE)
    groups = find_groups(network.module, IMAGE_SIZE)
    prune(network.module, groups, random_plan(groups, seed=0, share=0.3))
    save_network(tmp_path, network, [str(label) for label in range(CLASSES)], IMAGE_SIZE)
    rebuilt = load_network(tmp_path)[0].module

    groups = find_groups(rebuilt, IMAGE_SIZE)
    assert groups == find_groups(network.module, IMAGE_SIZE)
    plan = random_plan(groups, seed=1, share=0.3)
    for module in (network.module.eval(), rebuilt):
        prune(module, groups, plan)
    assert torch.equal(network.module(some_images(2)), rebuilt(some_images(2)))


def test_slices_are_those_one_would_cut_by_hand() -> None:
    module = Chain()
    before = copy.deepcopy(module)
    groups = find_groups(module, 8)
    prune(
        module, groups, PrunePlan((*take(groups[0], 0, 2).removals, *take(groups[1], 1).removals))
    )

    def weight(network: nn.Module, index: int) -> Tensor:
        found = network.get_parameter(f"{index}.weight")
        return found.data

    assert torch.equal(weight(module, 0), weight(before, 0)[[1, 3]])
    assert torch.equal(weight(module, 1), weight(before, 1)[[1, 3]])
    assert torch.equal(weight(module, 3), weight(before, 3)[[0, 2]][:, [1, 3]])
    kept = [0, 1, 2, 3, 8, 9, 10, 11]
    assert torch.equal(weight(module, 8), weight(before, 8)[:, kept])
    assert str(module[3]).startswith("Conv2d(2, 2,")
    assert str(module[1]).startswith("BatchNorm2d(2,")
    assert str(module[8]).startswith("Linear(in_features=8,")
    assert module.get_buffer("1.running_var").shape == (2,)


def test_layer_norm_keeps_the_order_of_its_channels() -> None:
    """Torch-Pruning's own function relies on the order of a set; 64 comes before 15 in one."""
    module = nn.Sequential(nn.Linear(3, 80), nn.LayerNorm(80), nn.Linear(80, 2))
    module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), *module)
    nn.init.uniform_(module.get_parameter("3.weight"))
    weight = module.get_parameter("3.weight").detach().clone()
    (group,) = find_groups(module, 8)
    prune(module, [group], take(group, *(i for i in range(80) if i not in (15, 64))))
    assert torch.equal(module.get_parameter("3.weight"), weight[[15, 64]])


def test_frozen_stays_frozen_and_modes_stay() -> None:
    module = lively("torchvision/resnet18").train()
    module.get_submodule("layer2").eval()
    for parameter in module.get_submodule("layer1").parameters():
        parameter.requires_grad_(False)
    frozen = {name: p.requires_grad for name, p in module.named_parameters()}
    modes = [part.training for part in module.modules()]
    groups = find_groups(module, IMAGE_SIZE)
    prune(module, groups, PrunePlan(tuple(take(group, 0).removals[0] for group in groups)))
    assert {name: p.requires_grad for name, p in module.named_parameters()} == frozen
    assert [part.training for part in module.modules()] == modes


def test_a_fully_frozen_network_is_pruned_everywhere() -> None:
    module = lively("torchvision/resnet18").requires_grad_(False)
    groups = find_groups(module, IMAGE_SIZE)
    prune(module, groups, PrunePlan(tuple(take(group, 0).removals[0] for group in groups)))
    assert module.get_submodule("layer4.1.conv1").get_parameter("weight").shape == (511, 511, 3, 3)
    assert not any(parameter.requires_grad for parameter in module.parameters())


def test_memory_format_stays_channels_last() -> None:
    module = lively("torchvision/resnet18")
    groups = find_groups(module, IMAGE_SIZE)
    prune(module, groups, PrunePlan(tuple(take(group, 0).removals[0] for group in groups)))
    weight = module.get_parameter("layer1.0.conv1.weight")
    assert weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("removal", "message"),
    [
        (GroupRemoval("nowhere", (0,), 4, 1.0, 1), "'nowhere', which the network does not have"),
        (GroupRemoval("0", (4,), 4, 1.0, 1), "4 units of group '0' and removes \\[4\\]"),
        (GroupRemoval("0", (-1,), 4, 1.0, 1), "removes \\[-1\\]"),
        (GroupRemoval("0", (0,), 9, 1.0, 1), "made for 9 units of group '0'"),
        (GroupRemoval("0", (0, 1, 2, 3), 4, 1.0, 4), "all 4 units of group '0'"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_whole(removal: GroupRemoval, message: str) -> None:
    module = Chain()
    shapes = [parameter.shape for parameter in module.parameters()]
    groups = find_groups(module, 8)
    fitting = take(groups[1], 0).removals[0]
    with pytest.raises(ValueError, match=message):
        prune(module, groups, PrunePlan((fitting, removal)))
    assert [parameter.shape for parameter in module.parameters()] == shapes


def test_groups_of_an_earlier_network_are_refused() -> None:
    module = Chain()
    groups = find_groups(module, 8)
    prune(module, groups, take(groups[0], 0))
    shapes = [parameter.shape for parameter in module.parameters()]
    with pytest.raises(ValueError, match="find_groups"):
        prune(module, groups, take(groups[0], 1))
    assert [parameter.shape for parameter in module.parameters()] == shapes
