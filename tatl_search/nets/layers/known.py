"""The kinds of layers that are known, and the way from a module to the kind it is of."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from torch import nn

from tatl_search.nets.layers.bare import Bare
from tatl_search.nets.layers.layer import Layer, LayerKind
from tatl_search.registry import Registry

AnyLayer = Layer[Any]

LAYER_KINDS: Registry[LayerKind] = Registry(
    "kind of layer",
    "layers",
    "tatl_search.layers",
    "tatl_search.nets.layers.layer:LayerKind",
    {
        name: f"tatl_search.nets.layers.{name}:KIND"
        for name in (
            *("convolution", "standardised", "scaled_standardised", "transposed", "linear"),
            *("batch_norm", "instance_norm", "group_norm", "layer_norm", "layer_norm_2d"),
            *("global_response", "prelu"),
        )
    },
)


def layer_of(module: nn.Module) -> AnyLayer | None:
    """Return what is known of a module; null for one of no known kind.

    Of several kinds that a module is of, the one for its nearest base class counts, so that a kind
    for a subclass goes before the one for its base.

    Raises:
        InputError: a plug-in's kind cannot be used.
    """
    views = _views(LAYER_KINDS.names)
    view = next((views[base] for base in type(module).__mro__ if base in views), None)
    return view(module) if view else None


def layers_of(network: nn.Module) -> dict[str, AnyLayer]:
    """Return the layers of a network that are of known kinds, by dotted name."""
    found = ((name, layer_of(module)) for name, module in network.named_modules())
    return {name: layer for name, layer in found if layer is not None}


def layer_at(network: nn.Module, name: str) -> AnyLayer:
    """Return the layer or bare Parameter of a dotted name.

    Raises:
        ValueError: what is there is of no known kind.
    """
    owner, _, leaf = name.rpartition(".")
    target = getattr(network.get_submodule(owner), leaf)
    if isinstance(target, nn.Parameter):
        return Bare(network.get_submodule(owner), leaf)
    layer = layer_of(target)
    if layer is None:
        raise ValueError(f"layers of type {type(target).__name__} cannot be narrowed")
    return layer


@lru_cache(maxsize=1)
def _views(names: tuple[str, ...]) -> Mapping[type[nn.Module], type[AnyLayer]]:
    """Return module class -> view; plug-ins come last and so go before what is built in."""
    kinds = [LAYER_KINDS[name] for name in names]
    return {module: kind.view for kind in kinds for module in kind.modules}
