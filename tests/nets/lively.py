"""Networks whose every channel matters, plans to prune them, and small ones to check by eye.

A freshly made deep network is a poor witness: its logits hardly depend on the image, so that a
wrong surgery goes unseen. Here normalisations have random scales and shifts and statistics of
real activations, and layer scales are of the order of one.
"""

import random
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tatl_search.config import NetworkSettings
from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.nets.groups import Group
from tatl_search.nets.zoo import build
from tests.nets.families import CLASSES, IMAGE_SIZE


def lively(name: str, image_size: int = IMAGE_SIZE) -> nn.Module:
    """Return a network of the zoo in eval mode whose logits differ between images."""
    torch.manual_seed(0)
    settings = NetworkSettings(name=name, weights="random")
    return enliven(build(settings, CLASSES, image_size).module, image_size)


def enliven(module: nn.Module, image_size: int) -> nn.Module:
    for name, parameter in module.named_parameters():
        if "layer_scale" in name:
            nn.init.uniform_(parameter, 0.5, 1.5)
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d | nn.LayerNorm)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0.0, 0.3)
        if isinstance(norm, nn.BatchNorm2d):
            norm.momentum = 1.0
    module.train()
    with torch.no_grad():
        module(some_images(8, image_size))
    return module.eval()


def some_images(count: int, image_size: int = IMAGE_SIZE) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 3, image_size, image_size, generator=generator)


def random_plan(groups: Sequence[Group], seed: int, share: float, least: int = 2) -> PrunePlan:
    """Return a plan that takes about a share of the units of most groups, leaving `least`."""
    rng = random.Random(seed)
    removals = []
    for group in groups:
        most = min(group.width - least, max(1, round(share * group.width)))
        if most < 1 or rng.random() < 0.2:
            continue
        units = tuple(sorted(rng.sample(range(group.width), rng.randint(1, most))))
        removals.append(GroupRemoval(group.name, units, group.width, 0.0, len(units)))
    return PrunePlan(tuple(removals))


def take(group: Group, *units: int) -> PrunePlan:
    """Return a plan that takes the given units of one group."""
    return PrunePlan((GroupRemoval(group.name, units, group.width, 1.0, len(units)),))


def resolve(module: nn.Module, name: str) -> nn.Module | nn.Parameter:
    """Return the layer or Parameter of the given dotted name."""
    owner, _, leaf = name.rpartition(".")
    found: nn.Module | nn.Parameter = getattr(module.get_submodule(owner), leaf)
    return found


class Chain(nn.Sequential):
    """conv 4 -> conv 3 -> 2 x 2 positions, flattened -> linear 5 -> linear 2."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Conv2d(4, 3, 3, padding=1, bias=False),
            nn.BatchNorm2d(3),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(12, 5),
            nn.ReLU(),
            nn.Linear(5, 2),
        )


class Blocks(nn.Module):
    """conv 6 -> grouped conv 4 in 2 blocks -> (conv 2 | conv 3), concatenated -> linear 2."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 1)
        self.grouped = nn.Conv2d(6, 4, 3, padding=1, groups=2)
        self.left = nn.Conv2d(4, 2, 1)
        self.right = nn.Conv2d(4, 3, 1)
        self.head = nn.Linear(5, 2)

    def forward(self, images: Tensor) -> Tensor:
        grouped = torch.relu(self.grouped(torch.relu(self.first(images))))
        both = torch.cat([self.left(grouped), self.right(grouped)], 1)
        scores: Tensor = self.head(both.mean((2, 3)))
        return scores
