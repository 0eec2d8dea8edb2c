"""Reconstruction: exact where it can be, and closer to the whole network than plain removal."""

import copy
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.core.spectral import greedy_ranking, information_loss
from tatl_search.nets.groups import Group, find_groups
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.moments import second_moments
from tatl_search.nets.readers import find_readers
from tatl_search.nets.reconstruction import can_reconstruct, reconstruct
from tatl_search.nets.surgery import prune
from tests.nets.families import FAMILIES, FAST
from tests.nets.lively import Blocks, Chain, lively, resolve, some_images

LEFT_PLAIN = {
    "torchvision/resnext50_32x4d": ".conv1",  # read by a grouped convolution
    "torchvision/regnet_y_400mf": ".f.a.0",
    "torchvision/convnext_tiny": "features.",  # the trunk: normalised across its channels
}
"""Family -> what the names of the groups that are removed plainly have in common."""

SLOW = ("torchvision/densenet121",)
SIZE = 32

families = pytest.mark.parametrize(
    "name",
    [
        name if name in FAST and name not in SLOW else pytest.param(name, marks=pytest.mark.soak)
        for name in FAMILIES
    ],
)


def reconstructible(module: nn.Module, image_size: int) -> list[Group]:
    groups = find_groups(module, image_size)
    readers = find_readers(module, groups).by_group
    return [group for group in groups if can_reconstruct(module, group, readers[group.name])]


def plan_of(gone: dict[Group, list[int]]) -> PrunePlan:
    return PrunePlan(
        tuple(
            GroupRemoval(group.name, tuple(sorted(units)), group.width, 0.0, len(units))
            for group, units in gone.items()
        )
    )


def reconstructed(
    module: nn.Module, images: Tensor, gone: dict[Group, list[int]], ridge: float
) -> nn.Module:
    """Return a copy whose readers do without some units."""
    told = copy.deepcopy(module)
    readers = find_readers(told, list(gone))
    moments = second_moments(told, readers, [(images, torch.zeros(len(images)))])
    for group, units in gone.items():
        kept = [unit for unit in range(group.width) if unit not in units]
        reconstruct(told, readers.by_group[group.name], moments.by_tap, kept, ridge)
    return told


def pruned(module: nn.Module, groups: Sequence[Group], plan: PrunePlan, images: Tensor) -> Tensor:
    with torch.no_grad():
        smaller = copy.deepcopy(module)
        prune(smaller, groups, plan)
        scores: Tensor = smaller(images)
    return scores


def distance(scores: Tensor, whole: Tensor) -> float:
    return float((scores - whole).square().mean() / whole.var(0).mean())


def make_twins(module: nn.Module, group: Group, unit: int, twin: int) -> None:
    """Let one unit of a group say what another says."""
    for member in group.members:
        target = resolve(module, member.module)
        if member.axis is Axis.IN:
            continue
        tensors: list[Tensor] = [target] if isinstance(target, nn.Parameter) else []
        if isinstance(target, nn.Module):
            tensors = [t for t in (*target.parameters(), *target.buffers()) if t.dim()]
        for tensor in tensors:
            for source, copied in zip(member.indices[unit], member.indices[twin], strict=True):
                tensor.data[copied] = tensor.data[source]


@families
def test_removing_the_twins_of_units_changes_nothing(name: str) -> None:
    """Every index map is right: a wrong one would give a reader another unit's weights."""
    module = lively(name, SIZE).double()
    images = some_images(2, SIZE).double()
    groups = find_groups(module, SIZE)
    gone: dict[Group, list[int]] = {}
    for group in reconstructible(module, SIZE):
        if all(group.members[0].indices) and group.width >= 4:
            make_twins(module, group, unit=0, twin=2)
            gone[group] = [2]
    with torch.no_grad():
        whole = module(images)
    plan = plan_of(gone)
    told = reconstructed(module, images, gone, ridge=1e-10)
    error = (pruned(told, groups, plan, images) - whole).abs().max()
    plain = (pruned(module, groups, plan, images) - whole).abs().max()
    assert error <= 1e-4 * plain


@families
def test_the_output_changes_less_than_by_plain_removal(name: str) -> None:
    """Five groups of each network, each on its own."""
    module = lively(name, SIZE)
    images = some_images(16, SIZE)
    groups = find_groups(module, SIZE)
    with torch.no_grad():
        whole = module(images)
    told, plain = 0.0, 0.0
    able = reconstructible(module, SIZE)
    for group in able[:: -(-len(able) // 5)]:
        gone = {group: list(range(group.width // 4))}
        clever = reconstructed(module, images, gone, ridge=1e-3)
        told += distance(pruned(clever, groups, plan_of(gone), images), whole)
        plain += distance(pruned(module, groups, plan_of(gone), images), whole)
    assert told < 0.8 * plain


@families
def test_groups_are_reconstructed_where_every_reader_is_dense(name: str) -> None:
    module = lively(name, SIZE)
    left = {g.name for g in find_groups(module, SIZE)} - {
        g.name for g in reconstructible(module, SIZE)
    }
    assert bool(left) == (name in LEFT_PLAIN)
    assert all(LEFT_PLAIN[name] in group for group in left)


def test_the_blocks_of_a_grouped_reader_are_left_alone() -> None:
    module = Blocks().eval()
    assert [group.name for group in reconstructible(module, 8)] == ["grouped", "left", "right"]


def test_a_readers_error_on_the_data_is_the_loss_that_is_reported() -> None:
    """The chain's first convolution, seen by its 1 x 1 reader: L_B as measured and as formula."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 1), nn.Flatten())
    module.append(nn.Linear(4 * 36, 2)).double()
    images = some_images(5, 8).double()
    (group, *_) = find_groups(module, 8)
    readers = find_readers(module, [group])
    moments = second_moments(module, readers, [(images, images)]).by_tap
    (sigma,) = moments.values()
    ridge, scale = 1e-2, np.trace(sigma) / 6
    z = module.get_parameter("2.weight").detach().numpy()[:, :, 0, 0]
    kept = greedy_ranking(sigma, ridge * scale, z.T @ z).order[:4].tolist()
    gone = {group: [unit for unit in range(6) if unit not in kept]}
    told = reconstructed(module, images, gone, ridge)
    with torch.no_grad():
        whole = module[:3](images)
        phi = module[:2](images)
        a = told.get_parameter("2.weight")[:, kept, 0, 0]
        bias = module.get_parameter("2.bias")
        without = nn.functional.conv2d(phi[:, kept], a[..., None, None], bias)
        error = (whole - without).square().sum(1).mean()
    measured = float(error + ridge * scale * a.square().sum())
    assert information_loss(sigma, kept, ridge * scale, z.T @ z) == pytest.approx(
        measured, rel=1e-8
    )


def test_a_dead_group_is_left_as_it_is() -> None:
    module = Chain().eval()
    for name in ("weight", "bias"):
        nn.init.zeros_(module.get_parameter(f"1.{name}"))
    before = copy.deepcopy(module.state_dict())
    (group, *_) = find_groups(module, 8)
    told = reconstructed(module, some_images(2, 8), {group: [1]}, 1e-3)
    assert all(torch.equal(before[name], now) for name, now in told.state_dict().items())
