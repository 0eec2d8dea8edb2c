"""The widths of a network's layers: read them, and bring an unpruned network down to them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tatl_search.errors import InputError

Width = Annotated[int, Field(ge=1)]
Widths = Mapping[str, int]
Shape = tuple[int, ...]

SHOWN = 3

_NAMES: tuple[tuple[type[nn.Module], tuple[str, ...]], ...] = (
    (nn.Conv2d, ("in_channels", "out_channels", "groups")),
    (nn.Linear, ("in_features", "out_features")),
    (_BatchNorm, ("num_features",)),
    (nn.LayerNorm, ("normalized_shape",)),
)


def widths_of(module: nn.Module) -> dict[str, dict[str, int]]:
    """Return the widths of each layer that surgery can narrow, by the names torch gives them.

    A LayerNorm's `normalized_shape` counts as its last size.
    """
    return {name: _widths(layer) for name, layer in _layers(module).items()}


def shapes_of(module: nn.Module) -> dict[str, Shape]:
    """Return the shapes of the Parameters that are of no such layer (ConvNeXt's layer scales)."""
    return {name: tuple(parameter.shape) for name, parameter in _bare_parameters(module).items()}


def narrow(module: nn.Module, widths: Mapping[str, Widths], shapes: Mapping[str, Shape]) -> None:
    """Bring a network down to given widths, in place; what becomes narrower is filled with zeros.

    Args:
        module: the network as its library builds it.
        widths: what `widths_of` says of the network wanted.
        shapes: what `shapes_of` says of it.

    Raises:
        InputError: other layers than the network's, or widths it cannot be brought down to.
    """
    layers, parameters = _layers(module), _bare_parameters(module)
    check_names("layers", layers, widths)
    check_names("parameters", parameters, shapes)
    for name, layer in layers.items():
        _check_widths(name, _widths(layer), widths[name])
        _set_widths(layer, widths[name])
    for name, parameter in parameters.items():
        _check_shape(name, tuple(parameter.shape), shapes[name])
        owner, _, leaf = name.rpartition(".")
        _reshape(module.get_submodule(owner), leaf, shapes[name])


def check_names(what: str, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise an InputError unless two mappings have the same keys."""
    unknown, missing = sorted(given.keys() - known.keys()), sorted(known.keys() - given.keys())
    for fault, names in (("unknown", unknown), ("missing", missing)):
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            raise InputError(f"{what} {fault}: {', '.join(names[:SHOWN])}{more}")


def _layers(module: nn.Module) -> dict[str, nn.Module]:
    kinds = tuple(kind for kind, _ in _NAMES)
    return {name: layer for name, layer in module.named_modules() if isinstance(layer, kinds)}


def _bare_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    layers = _layers(module)
    return {
        name: parameter
        for name, parameter in module.named_parameters()
        if name.rpartition(".")[0] not in layers
    }


def _widths(layer: nn.Module) -> dict[str, int]:
    names = next(names for kind, names in _NAMES if isinstance(layer, kind))
    values = {name: getattr(layer, name) for name in names}
    return {name: v[-1] if isinstance(v, tuple) else v for name, v in values.items()}


def _check_widths(name: str, whole: Widths, wanted: Widths) -> None:
    check_names(f"widths of {name}", whole, wanted)
    wider = {key: width for key, width in wanted.items() if width > whole[key]}
    if wider:
        raise InputError(f"{name} has {wider}, more than the unpruned network's {dict(whole)}")
    blocks = wanted.get("groups", 1)
    if any(width % blocks for width in wanted.values()):
        raise InputError(f"{name} cannot be cut into {blocks} equal groups: {dict(wanted)}")


def _check_shape(name: str, whole: Shape, wanted: Shape) -> None:
    if len(wanted) != len(whole) or any(n > w for n, w in zip(wanted, whole, strict=True)):
        raise InputError(f"{name} has shape {wanted}, which is no part of {whole}")


def _set_widths(layer: nn.Module, widths: Widths) -> None:
    """Set a layer's widths, and zeros of the shapes that follow from them."""
    match layer:
        case nn.Conv2d():
            layer.in_channels, layer.out_channels = widths["in_channels"], widths["out_channels"]
            layer.groups = widths["groups"]
            inputs_read = layer.in_channels // layer.groups
            _reshape(layer, "weight", (layer.out_channels, inputs_read, *layer.kernel_size))
            _reshape(layer, "bias", (layer.out_channels,))
        case nn.Linear():
            layer.in_features, layer.out_features = widths["in_features"], widths["out_features"]
            _reshape(layer, "weight", (layer.out_features, layer.in_features))
            _reshape(layer, "bias", (layer.out_features,))
        case _BatchNorm():
            layer.num_features = widths["num_features"]
            for tensor in ("weight", "bias", "running_mean", "running_var"):
                _reshape(layer, tensor, (layer.num_features,))
        case nn.LayerNorm():
            shape = (*layer.normalized_shape[:-1], widths["normalized_shape"])
            layer.normalized_shape = shape
            for tensor in ("weight", "bias"):
                _reshape(layer, tensor, shape)


def _reshape(owner: nn.Module, name: str, shape: Shape) -> None:
    """Replace a tensor of another shape, where there is one, by zeros."""
    tensor = getattr(owner, name)
    if tensor is None or tuple(tensor.shape) == shape:
        return
    zeros = tensor.new_zeros(shape)
    is_parameter = isinstance(tensor, nn.Parameter)
    setattr(owner, name, nn.Parameter(zeros, tensor.requires_grad) if is_parameter else zeros)
