"""Bringing a network down to given widths."""

import pytest
import torch
from torch import nn

from tatl_search.errors import InputError
from tatl_search.nets.widths import check_names, narrow, shapes_of, widths_of


class Small(nn.Module):
    """One layer of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.depthwise = nn.Conv2d(8, 8, 3, groups=8, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.ln = nn.LayerNorm(8)
        self.head = nn.Linear(8, 2)
        self.scale = nn.Parameter(torch.ones(8, 1, 1))


def test_widths_as_torch_names_them() -> None:
    module = Small()
    assert widths_of(module) == {
        "conv": {"in_channels": 3, "out_channels": 8, "groups": 1},
        "depthwise": {"in_channels": 8, "out_channels": 8, "groups": 8},
        "bn": {"num_features": 8},
        "ln": {"normalized_shape": 8},
        "head": {"in_features": 8, "out_features": 2},
    }
    assert shapes_of(module) == {"scale": (8, 1, 1)}


def test_narrowed_layers_have_the_shapes_that_follow() -> None:
    module = Small()
    module.conv.weight.requires_grad_(False)
    kept = module.head.bias
    widths = widths_of(module)
    widths["conv"]["out_channels"] = 5
    widths["depthwise"] = {"in_channels": 5, "out_channels": 5, "groups": 5}
    widths["bn"]["num_features"] = widths["ln"]["normalized_shape"] = 5
    widths["head"]["in_features"] = 5
    narrow(module, widths, {"scale": (5, 1, 1)})
    assert {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()} == {
        "conv.weight": (5, 3, 3, 3),
        "conv.bias": (5,),
        "depthwise.weight": (5, 1, 3, 3),
        "bn.weight": (5,),
        "bn.bias": (5,),
        "bn.running_mean": (5,),
        "bn.running_var": (5,),
        "bn.num_batches_tracked": (),
        "ln.weight": (5,),
        "ln.bias": (5,),
        "head.weight": (2, 5),
        "head.bias": (2,),
        "scale": (5, 1, 1),
    }
    assert widths_of(module) == widths
    assert str(module.ln).startswith("LayerNorm((5,)")
    assert module.head.bias is kept, "what stays as wide is left alone"
    assert not module.conv.weight.requires_grad


@pytest.mark.parametrize(
    ("layer", "widths", "said"),
    [
        ("conv", {"in_channels": 3, "out_channels": 9, "groups": 1}, "'out_channels': 9"),
        ("conv", {"in_channels": 3, "out_channels": 8}, "widths of conv missing: groups"),
        ("bn", {"num_features": 8, "eps": 1}, "widths of bn unknown: eps"),
        ("depthwise", {"in_channels": 8, "out_channels": 7, "groups": 8}, "8 equal groups"),
    ],
)
def test_widths_that_no_pruning_leads_to(layer: str, widths: dict[str, int], said: str) -> None:
    module = Small()
    with pytest.raises(InputError, match=said):
        narrow(module, widths_of(module) | {layer: widths}, shapes_of(module))


@pytest.mark.parametrize("shape", [(9, 1, 1), (8, 1), (8, 2, 1)])
def test_shapes_that_no_pruning_leads_to(shape: tuple[int, ...]) -> None:
    module = Small()
    with pytest.raises(InputError, match="scale has shape"):
        narrow(module, widths_of(module), {"scale": shape})


def test_other_names_are_named() -> None:
    with pytest.raises(InputError, match="tensors missing: a, b, c and 2 more"):
        check_names("tensors", dict.fromkeys("abcde"), {})
    with pytest.raises(InputError, match="tensors unknown: z"):
        check_names("tensors", {}, {"z": 0})
