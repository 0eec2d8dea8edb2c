"""Each kind of layer by itself: pruned equals silenced, the cost model is exact, it is rebuilt."""

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from timm.layers.grn import GlobalResponseNorm
from timm.layers.std_conv import ScaledStdConv2d, ScaledStdConv2dSame, StdConv2d, StdConv2dSame
from torch import Tensor, nn
from torchvision.models.convnext import LayerNorm2d

from tatl_search.config import NetworkSettings
from tatl_search.core.plan import PrunePlan
from tatl_search.errors import InputError
from tatl_search.nets.cost import cost_model, count_macs, count_parameters, layer_macs
from tatl_search.nets.groups import Group, find_groups
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import LAYER_KINDS, layer_at, layer_of, layers_of
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.state import load_state
from tatl_search.nets.structure import load_network, save_network
from tatl_search.nets.support import check_supported
from tatl_search.nets.surgery import prune
from tatl_search.nets.widths import narrow, shapes_of, widths_of
from tatl_search.nets.zoo import build, channels_last
from tests.nets.lively import enliven, some_images, take
from tests.plugins import install_package, look_in

SIZE = 8


class Sandwich(nn.Module):
    """A layer to 8 channels, something, a rectifier, a layer to 6 channels -> linear 2."""

    def __init__(self, first: nn.Module, between: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.between, self.second = first, between, second
        self.head = nn.Linear(6, 2)

    def forward(self, images: Tensor) -> Tensor:
        read = self.second(torch.relu(self.between(self.first(images))))
        scores: Tensor = self.head(torch.relu(read).mean((2, 3)))
        return scores


def around(between: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: Sandwich(nn.Conv2d(3, 8, 3, padding=1), between(), nn.Conv2d(8, 6, 3))


def of(conv: Callable[..., nn.Module], **options: int) -> Callable[[], nn.Module]:
    return lambda: Sandwich(conv(3, 8, 3, **options), nn.Identity(), conv(8, 6, 3, **options))


INDEPENDENT: dict[str, Callable[[], nn.Module]] = {
    "group normalisation": around(lambda: nn.GroupNorm(4, 8)),
    "group normalisation of single channels": around(lambda: nn.GroupNorm(8, 8)),
    "instance normalisation": around(lambda: nn.InstanceNorm2d(8, affine=True)),
    "bare instance normalisation": around(lambda: nn.InstanceNorm2d(8)),
    "slopes": around(lambda: nn.PReLU(8)),
    "one slope": around(nn.PReLU),
    "transposed convolution": of(nn.ConvTranspose2d, stride=2, padding=1),
}
ACROSS: dict[str, Callable[[], nn.Module]] = {
    "group normalisation of all": around(lambda: nn.GroupNorm(1, 8)),
    "layer normalisation of maps": around(lambda: LayerNorm2d(8)),
    "global response": around(lambda: GlobalResponseNorm(8, channels_last=False)),
    **{
        conv.__name__: of(conv)
        for conv in (StdConv2d, StdConv2dSame, ScaledStdConv2d, ScaledStdConv2dSame)
    },
}
KINDS = {**INDEPENDENT, **ACROSS}


def made(kind: str) -> nn.Module:
    torch.manual_seed(0)
    module = KINDS[kind]()
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -1.0, 1.0)
    return module.double().eval()


def pruned(module: nn.Module) -> tuple[tuple[Group, ...], PrunePlan, nn.Module]:
    """Return a network's groups, a plan that takes the second unit of each, and what is left."""
    groups = find_groups(module, SIZE)
    plan = PrunePlan(tuple(take(group, 1).removals[0] for group in groups))
    smaller = copy.deepcopy(module)
    prune(smaller, groups, plan)
    return groups, plan, smaller


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_pruned_equals_silenced(kind: str) -> None:
    module = made(kind)
    groups, _, smaller = pruned(module)
    assert [group.name for group in groups] == ["first", "second"]
    for group in groups:
        for member in group.members:
            if member.axis is Axis.OUT:
                silence(module.get_submodule(member.module), list(member.indices[1]))
    images = some_images(4, SIZE).double()
    torch.testing.assert_close(smaller(images), module(images), rtol=1e-12, atol=1e-12)


def silence(module: nn.Module, channels: list[int]) -> None:
    def zeroed(_: nn.Module, __: object, made: Tensor) -> Tensor:
        return made.index_fill(1, torch.tensor(channels), 0.0)

    module.register_forward_hook(zeroed)


@pytest.mark.parametrize("kind", KINDS)
def test_its_costs_are_those_of_what_is_left(kind: str) -> None:
    module = made(kind)
    groups, _, smaller = pruned(module)
    model = cost_model(module, groups, layer_macs(module, SIZE))
    widths = np.array([group.width for group in groups]) - 1
    assert model.macs(widths) == count_macs(smaller, SIZE)
    assert model.parameters(widths) == count_parameters(smaller)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_rebuilt_bit_for_bit(kind: str) -> None:
    _, _, smaller = pruned(made(kind))
    rebuilt = KINDS[kind]().double().eval()
    narrow(rebuilt, widths_of(smaller), shapes_of(smaller))
    load_state(rebuilt, smaller.state_dict())
    images = some_images(4, SIZE).double()
    assert torch.equal(rebuilt(images), smaller(images))
    assert str(rebuilt) == str(smaller)
    assert find_groups(rebuilt, SIZE) == find_groups(smaller, SIZE)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gate_lets_it_through(kind: str) -> None:
    check_supported(KINDS[kind](), SIZE)


def test_whole_groups_of_a_normalisation_go() -> None:
    module = made("group normalisation")
    assert [group.width for group in find_groups(module, SIZE)] == [4, 6]
    _, _, smaller = pruned(module)
    norm = smaller.get_submodule("between")
    assert isinstance(norm, nn.GroupNorm)
    assert (norm.num_channels, norm.num_groups) == (6, 3)
    whole = module.get_parameter("between.weight")
    assert torch.equal(norm.weight, whole[[0, 1, 4, 5, 6, 7]])


@pytest.mark.parametrize("conv", [StdConv2d, StdConv2dSame, ScaledStdConv2d, ScaledStdConv2dSame])
def test_normalised_filters_as_plain_ones(conv: type[nn.Conv2d]) -> None:
    torch.manual_seed(0)
    layer = conv(4, 6, 3, stride=2, bias=True)
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -1.0, 1.0)
    seen = layer_of(layer)
    assert isinstance(seen, Filters)
    images = torch.randn(2, 4, 9, 9)
    plain = seen.plain()
    assert plain is not None
    assert type(plain) is not conv
    torch.testing.assert_close(plain(images), layer(images))


def test_macs_of_a_transposed_convolution() -> None:
    module = nn.Sequential(nn.ConvTranspose2d(3, 5, 2, stride=2), nn.Conv2d(5, 2, 1))
    assert layer_macs(module, SIZE) == {"0": 3 * 5 * 4 * SIZE**2, "1": 5 * 2 * (2 * SIZE) ** 2}


def test_a_transposed_convolution_in_blocks_is_refused_in_words() -> None:
    module = Sandwich(
        nn.Conv2d(3, 8, 1), nn.ConvTranspose2d(8, 8, 2, stride=2, groups=2), nn.Conv2d(8, 6, 1)
    )
    with pytest.raises(InputError, match="ConvTranspose2d in blocks cannot be narrowed"):
        check_supported(module, SIZE)


def test_a_network_stored_before_a_kind_was_known() -> None:
    """Its Parameters stand among those of no layer, as they did."""
    _, _, smaller = pruned(made("global response"))
    widths, shapes = widths_of(smaller), shapes_of(smaller)
    assert widths.pop("between") == {"channels": 7}
    shapes |= {"between.weight": (7,), "between.bias": (7,)}
    rebuilt = KINDS["global response"]().double().eval()
    narrow(rebuilt, widths, shapes)
    load_state(rebuilt, smaller.state_dict())
    images = some_images(4, SIZE).double()
    assert torch.equal(rebuilt(images), smaller(images))


def test_mnasnet_is_stored_and_loaded(tmp_path: Path) -> None:
    """Its modules refuse a state that does not say of which version it is."""
    settings = NetworkSettings(name="torchvision/mnasnet0_5", weights="random")
    network = build(settings, 3, 32)
    enliven(network.module, 32)
    groups = find_groups(network.module, 32)
    prune(network.module, groups, take(groups[0], 1))
    save_network(tmp_path, network, ["a", "b", "c"], 32)
    loaded = load_network(tmp_path)[0].module
    assert torch.equal(loaded(some_images(2, 32)), network.module.eval()(some_images(2, 32)))


def test_a_narrowed_kernel_of_one_position_has_the_strides_of_a_loaded_one() -> None:
    conv = channels_last(nn.Conv2d(8, 6, 1))
    layer = layer_of(conv)
    assert layer is not None
    layer.narrow(Axis.IN, range(5))
    assert conv.get_parameter("weight").stride() == (5, 1, 5, 5)


def test_every_kind_is_called_as_in_the_registry() -> None:
    assert {name: LAYER_KINDS[name].name for name in LAYER_KINDS.builtin} == {
        name: name for name in LAYER_KINDS.builtin
    }


def test_the_nearest_kind_counts() -> None:
    norms = (nn.LayerNorm(3), LayerNorm2d(3))
    assert [type(layer_of(norm)).__name__ for norm in norms] == ["LayerNorm", "LayerNorm2d"]
    assert layer_of(nn.ReLU()) is None


OWN = """
import torch
from torch import nn
from tatl_search.nets.layers.layer import Layer, LayerKind, Side

class Shift(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.channels, self.shift = channels, nn.Parameter(torch.ones(1, channels, 1, 1))
    def forward(self, values):
        return values + self.shift

class Seen(Layer):
    out = Side("channels", {"shift": 1})
    widths_stored = ("channels",)
    gates = ()

KIND = LayerKind("shift", (Shift,), Seen)
"""


def test_a_package_adds_a_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = "[tatl_search.layers]\nshift = own_shift:KIND\n"
    install_package(tmp_path, "own-shift", {"own_shift.py": OWN}, points)
    look_in(tmp_path, monkeypatch)
    import own_shift  # type: ignore[import-not-found]

    module = around(lambda: own_shift.Shift(8))()
    assert layers_of(module)["between"].widths() == {"channels": 8}
    check_supported(module, SIZE)
    _, _, smaller = pruned(module)
    assert layer_at(smaller, "between").channels(Axis.OUT) == 7
    assert smaller.get_submodule("between").channels == 7
    assert shapes_of(module) == {}
