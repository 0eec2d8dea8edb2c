"""What cannot be pruned is refused before any training, and what can is let through untouched."""

import copy
import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tatl_search.config import NetworkSettings
from tatl_search.errors import InputError
from tatl_search.nets.support import check_supported
from tatl_search.nets.zoo import build
from tests.nets.families import CLASSES, FAMILIES, FAST, IMAGE_SIZE
from tests.nets.lively import Blocks, Chain


def random_network(name: str, image_size: int = IMAGE_SIZE) -> nn.Module:
    settings = NetworkSettings(name=name, weights="random")
    return build(settings, CLASSES, image_size).module


@pytest.mark.parametrize("name", [*FAST, "torchvision/resnext50_32x4d"])
def test_supported_networks_pass(name: str) -> None:
    check_supported(random_network(name), IMAGE_SIZE)


@pytest.mark.soak
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_passes(name: str) -> None:
    check_supported(random_network(name), IMAGE_SIZE)


def test_the_check_is_quick() -> None:
    module = random_network("torchvision/resnet50", 224)
    start = time.perf_counter()
    check_supported(module, 224)
    assert time.perf_counter() - start < 10, "2 s on a quiet machine"


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [
        ("torchvision/shufflenet_v2_x0_5", 64, "rearranges channels"),
        ("timm/res2net50_26w_4s", 64, "different numbers of channels"),
        ("torchvision/vit_b_32", 224, "MultiheadAttention cannot be narrowed"),
        ("torchvision/swin_t", 64, "rearranges channels"),
        ("timm/vit_tiny_patch16_224", 224, "rearranges channels"),
        ("timm/ghostnet_100", 64, "different numbers of channels"),
    ],
)
def test_unsupported_networks_are_refused_in_words(name: str, size: int, why: str) -> None:
    module = random_network(name, size)
    with pytest.raises(InputError, match=f"cannot be pruned .*{why}.*choose another network"):
        check_supported(module, size)


def test_an_image_size_the_network_cannot_take() -> None:
    module = random_network("torchvision/squeezenet1_1")
    with pytest.raises(InputError, match="SqueezeNet cannot be pruned with images of 8 x 8 px"):
        check_supported(module, 8)


def test_nothing_to_prune() -> None:
    module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    with pytest.raises(InputError, match="no channels that could be removed"):
        check_supported(module, 8)


class Odd(nn.Module):
    """conv 4 -> something odd -> conv 3 -> linear 2."""

    def __init__(self, odd: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.odd = odd
        self.first = nn.Conv2d(3, 4, 1)
        self.second = nn.Conv2d(4, 3, 1)
        self.head = nn.Linear(3, 2)

    def forward(self, images: Tensor) -> Tensor:
        second = self.second(self.odd(self.first(images)))
        scores: Tensor = self.head(second.mean((2, 3)))
        return scores


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (lambda values: values.softmax(1), "changes more than what those channels said"),
        (lambda values: values.reshape(-1, 4, 8, 8), "shape"),
        (lambda values: values if values.sum() > 0 else -values, "RuntimeError"),
    ],
)
def test_networks_that_would_break_are_found_by_trying(
    odd: Callable[[Tensor], Tensor], why: str
) -> None:
    with pytest.raises(InputError, match=rf"Odd cannot be pruned .*{why}"):
        check_supported(Odd(odd), 8)


def test_the_same_network_without_the_oddity_passes() -> None:
    check_supported(Odd(torch.relu), 8)


@pytest.mark.parametrize("module", [Chain(), Blocks()])
def test_the_network_and_torchs_random_numbers_stay_as_they_were(module: nn.Module) -> None:
    module.train()
    next(module.parameters()).requires_grad_(False)
    state = copy.deepcopy(module.state_dict())
    random_state = torch.get_rng_state()
    check_supported(module, 8)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(part.training for part in module.modules())
    assert [p.requires_grad for p in module.parameters()].count(False) == 1
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
