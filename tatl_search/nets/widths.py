"""The widths of a network's layers: read them, and bring an unpruned network down to them."""

from collections.abc import Container, Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import nn

from tatl_search.errors import InputError
from tatl_search.nets.layers.known import AnyLayer, layers_of
from tatl_search.nets.layers.tensors import reshape

Width = Annotated[int, Field(ge=1)]
Widths = Mapping[str, int]
Shape = tuple[int, ...]

SHOWN = 3


def widths_of(module: nn.Module) -> dict[str, dict[str, int]]:
    """Return the widths of each layer that surgery can narrow, by the names torch gives them.

    A LayerNorm's `normalized_shape` counts as its last size.
    """
    return {name: layer.widths() for name, layer in layers_of(module).items()}


def shapes_of(module: nn.Module) -> dict[str, Shape]:
    """Return the shapes of the Parameters that are of no such layer (ConvNeXt's layer scales)."""
    bare = _bare_parameters(module, layers_of(module))
    return {name: tuple(parameter.shape) for name, parameter in bare.items()}


def narrow(module: nn.Module, widths: Mapping[str, Widths], shapes: Mapping[str, Shape]) -> None:
    """Bring a network down to given widths, in place; what becomes narrower is filled with zeros.

    Args:
        module: the network as its library builds it.
        widths: what `widths_of` says of the network wanted.
        shapes: what `shapes_of` says of it.

    Raises:
        InputError: other layers than the network's, or widths it cannot be brought down to.
    """
    layers = _known_then(module, widths, shapes)
    parameters = _bare_parameters(module, layers)
    check_names("layers", layers, widths)
    check_names("parameters", parameters, shapes)
    for name, layer in layers.items():
        _check_widths(name, layer, widths[name])
        layer.set_widths(widths[name])
    for name, parameter in parameters.items():
        _check_shape(name, tuple(parameter.shape), shapes[name])
        owner, _, leaf = name.rpartition(".")
        reshape(module.get_submodule(owner), leaf, shapes[name])


def check_names(what: str, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise an InputError unless two mappings have the same keys."""
    unknown, missing = sorted(given.keys() - known.keys()), sorted(known.keys() - given.keys())
    for fault, names in (("unknown", unknown), ("missing", missing)):
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            raise InputError(f"{what} {fault}: {', '.join(names[:SHOWN])}{more}")


def _known_then(
    module: nn.Module, widths: Mapping[str, Widths], shapes: Mapping[str, Shape]
) -> dict[str, AnyLayer]:
    """Return the layers of kinds that were known when widths and shapes were stored.

    The Parameters of other layers stand among the shapes.
    """
    bare = {name.rpartition(".")[0] for name in shapes} - widths.keys()
    return {name: layer for name, layer in layers_of(module).items() if name not in bare}


def _bare_parameters(module: nn.Module, layers: Container[str]) -> dict[str, nn.Parameter]:
    return {
        name: parameter
        for name, parameter in module.named_parameters()
        if name.rpartition(".")[0] not in layers
    }


def _check_widths(name: str, layer: AnyLayer, wanted: Widths) -> None:
    whole = layer.widths()
    check_names(f"widths of {name}", whole, wanted)
    wider = {key: width for key, width in wanted.items() if width > whole[key]}
    if wider:
        raise InputError(f"{name} has {wider}, more than the unpruned network's {whole}")
    blocks = wanted[layer.divisor] if layer.divisor else 1
    if any(width % blocks for width in wanted.values()):
        raise InputError(f"{name} cannot be cut into {blocks} equal groups: {dict(wanted)}")


def _check_shape(name: str, whole: Shape, wanted: Shape) -> None:
    if len(wanted) != len(whole) or any(n > w for n, w in zip(wanted, whole, strict=True)):
        raise InputError(f"{name} has shape {wanted}, which is no part of {whole}")
