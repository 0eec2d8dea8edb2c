"""What cannot be pruned is refused before any training, and what can is let through untouched."""

import contextlib
import copy
import signal
import time
from collections.abc import Callable

import pytest
import torch
from timm.layers.grn import GlobalResponseNorm
from torch import Tensor, nn

from tatl_search.config import NetworkSettings
from tatl_search.errors import InputError
from tatl_search.nets import support
from tatl_search.nets.groups import survey
from tatl_search.nets.support import check_supported
from tatl_search.nets.zoo import build
from tests.nets.families import CLASSES, FAMILIES, FAST, IMAGE_SIZE
from tests.nets.lively import Blocks, Chain


def random_network(name: str, image_size: int = IMAGE_SIZE) -> nn.Module:
    settings = NetworkSettings(name=name, weights="random")
    return build(settings, CLASSES, image_size).module


@pytest.mark.parametrize("name", [*FAST, "torchvision/resnext50_32x4d", "timm/convnextv2_atto"])
def test_supported_networks_pass(name: str) -> None:
    check_supported(random_network(name), IMAGE_SIZE)


@pytest.mark.parametrize(
    "name", ["torchvision/shufflenet_v2_x0_5", "timm/ghostnet_100", "timm/nf_regnet_b0"]
)
def test_networks_of_other_kinds_pass(name: str) -> None:
    """Shuffles are left alone, halves are groups of their own, filters are normalised."""
    check_supported(random_network(name), IMAGE_SIZE)


@pytest.mark.soak
@pytest.mark.parametrize(
    "name",
    [
        *("cspresnet50", "ecaresnet26t", "edgenext_xx_small", "fastvit_t8", "rexnet_100"),
        *("mobilenetv4_hybrid_medium", "res2net50_26w_4s", "resnetv2_50x1_bit", "repvit_m0_9"),
    ],
)
def test_more_networks_of_other_kinds_pass(name: str) -> None:
    check_supported(random_network(f"timm/{name}"), IMAGE_SIZE)


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
        ("timm/test_vit", 160, "control flow"),
        ("timm/mobilevit_xxs", 64, "control flow"),
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


class Zeroed(nn.Module):
    """conv 4 -> conv 4, beside it a branch across channels that starts at zero -> linear 2."""

    def __init__(self, branch: Callable[[Tensor], Tensor], scale: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.first = nn.Conv2d(3, 4, 1)
        self.scale = scale
        self.head = nn.Linear(4, 2)

    def forward(self, images: Tensor) -> Tensor:
        first = torch.relu(self.first(images))
        scores: Tensor = self.head((first + self.scale(self.branch(first))).mean((2, 3)))
        return scores


class Scale(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(shape))

    def forward(self, values: Tensor) -> Tensor:
        scaled: Tensor = self.scale * values
        return scaled


def zeroed(layer: nn.Module) -> nn.Module:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


SCALES: dict[str, Callable[[], nn.Module]] = {
    "layer scale": lambda: Scale(1, 4, 1, 1),
    "gate of one number": lambda: Scale(1),
    "batch normalisation": lambda: zeroed(nn.BatchNorm2d(4)),
    "convolution": lambda: zeroed(nn.Conv2d(4, 4, 1)),
}


@pytest.mark.parametrize("scale", SCALES)
def test_the_verdict_does_not_hang_on_scales_that_start_at_zero(scale: str) -> None:
    with pytest.raises(InputError, match="changes more than what those channels said"):
        check_supported(Zeroed(lambda values: values.softmax(1), SCALES[scale]()), 8)
    check_supported(Zeroed(torch.sigmoid, SCALES[scale]()), 8)


class SumResponse(GlobalResponseNorm):
    """Divides by the sum over channels, which grows with their number, where GRN takes the mean."""

    def forward(self, values: Tensor) -> Tensor:
        norms = values.norm(p=2, dim=(2, 3), keepdim=True)
        scale = self.weight.view(1, -1, 1, 1) * norms / (norms.sum(1, keepdim=True) + self.eps)
        summed: Tensor = values + scale * values
        return summed


@pytest.mark.parametrize("norm", [GlobalResponseNorm, SumResponse])
def test_a_normalisation_across_channels_must_be_a_mean(norm: type[GlobalResponseNorm]) -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 7, 1), nn.ReLU(), norm(7, channels_last=False), nn.Conv2d(7, 5, 1), Pooled(5)
    )
    if norm is GlobalResponseNorm:
        check_supported(module, 8)
    else:
        with pytest.raises(InputError, match="changes more than what those channels said"):
            check_supported(module, 8)


class Pooled(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.head = nn.Linear(channels, 2)

    def forward(self, values: Tensor) -> Tensor:
        scores: Tensor = self.head(values.mean((2, 3)))
        return scores


class Raising(nn.Module):
    """Runs, and throws something of its own once it is traced."""

    class OwnError(Exception):
        pass

    def __init__(self, runs: int) -> None:
        super().__init__()
        self.first, self.head = nn.Conv2d(3, 4, 1), nn.Linear(4, 2)
        self.runs = runs

    def forward(self, images: Tensor) -> Tensor:
        self.runs -= 1
        if self.runs < 0:
            raise self.OwnError("no more\nof this")
        scores: Tensor = self.head(self.first(images).mean((2, 3)))
        return scores


@pytest.mark.parametrize("runs", [0, 1])
def test_whatever_a_network_throws_is_a_refusal(runs: int) -> None:
    with pytest.raises(InputError, match=r"Raising cannot be pruned .*\(OwnError: no more\)"):
        check_supported(Raising(runs), 8)


def test_channels_that_all_depend_on_each_other_are_found_quickly() -> None:
    """A gate of every block reads them as positions; a walk that compares lists takes minutes."""
    module = random_network("timm/ecaresnet26t")
    began = time.process_time()
    found = survey(module, IMAGE_SIZE)
    assert time.process_time() - began < 20, "1 s on a quiet machine"
    assert found.left["layer1.0.conv3"] == "layers of type Conv1d cannot be narrowed"


class Endless(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Conv2d(3, 4, 1), nn.Linear(4, 2)

    def forward(self, images: Tensor) -> Tensor:
        while True:
            with contextlib.suppress(Exception):
                self.first(images)


def test_a_network_that_does_not_come_to_an_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(support, "LONGEST_S", 0.5)
    monkeypatch.setattr(support, "SAYING_S", 0.1)
    with pytest.raises(InputError, match=r"takes more than 0\.5 s"):
        check_supported(Endless(), 8)
    assert "Endless: trying out whether it can be pruned" in caplog.text
    time.sleep(0.05)
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
