"""The layer that gives the classes' scores: found, named, drawn anew."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from tatl_search.errors import InputError

_MARK = "_tatl_search_head"
"""The attribute of a network that names its head where that was found or named; copies keep it."""


def classifier_name(module: nn.Module) -> str:
    """Return the dotted name of the layer that gives the classes' scores.

    Where it was not marked it is the last linear or convolution layer (SqueezeNet's is a
    convolution); its outputs are the target's classes and are never pruned.

    Raises:
        InputError: the network has no such layer.
    """
    if marked := marked_head(module):
        return marked
    layers = _names(module)
    if not layers:
        raise InputError(f"network: {type(module).__name__} has no linear or convolution layer")
    return layers[-1]


def draw_head(module: nn.Module) -> None:
    """Draw the head's weights as torch does by default, from U(-1/sqrt(inputs), 1/sqrt(inputs)).

    Some libraries go by the number of outputs instead (timm's EfficientNets): with the few
    classes of a target, training would start from scores that are far too sure of themselves.
    """
    head = module.get_submodule(classifier_name(module))
    assert isinstance(head, nn.Linear | nn.Conv2d)
    head.reset_parameters()


def marked_head(module: nn.Module) -> str | None:
    """Return the head that was marked; null for networks whose last layer is their head."""
    marked: str | None = getattr(module, _MARK, None)
    return marked


def mark_head(module: nn.Module, name: str) -> None:
    """Say which layer gives the classes' scores.

    Raises:
        InputError: the network has no such layer.
    """
    if not _can_be_head(dict(module.named_modules()).get(name)):
        raise InputError(
            f"network.head: {type(module).__name__} has no linear or convolution layer called"
            f" '{name}'; it has {_some(_names(module))}"
        )
    setattr(module, _MARK, name)


def find_head(copy: nn.Module, images: Tensor, classes: int, named: str | None) -> str:
    """Return the name of a network's head: of what runs, the last layer with an output a class.

    Args:
        copy: the network, which gives (N, classes) scores.
        images: (N, C, H, W), what it is run on.
        classes: of the target.
        named: what somebody says it is; null to look for it.

    Raises:
        InputError: it is not found, or what is named is not one.
    """
    if named is not None:
        mark_head(copy, named)  # refused where there is no such layer
    outputs: dict[str, int] = {}
    with _heard(copy, outputs), torch.no_grad():
        copy(images)
    if named is None:
        found = [name for name, width in outputs.items() if width == classes]
        if found:
            return found[-1]
        raise InputError(
            f"network.head: none is found in {type(copy).__name__}: no linear or convolution layer"
            f" has {classes} outputs, one for each class; let one of them give the scores"
        )
    if outputs.get(named) == classes:
        return named
    what = f"has {outputs[named]} outputs" if named in outputs else "is not used"
    raise InputError(
        f"network.head: '{named}' {what}; it should give one score for each of the {classes}"
        " classes"
    )


@contextmanager
def _heard(module: nn.Module, outputs: dict[str, int]) -> Iterator[None]:
    """Note the layers that run, in their order, with how many outputs they have."""

    def note(name: str, result: Tensor) -> None:
        outputs.pop(name, None)  # who runs twice counts by the last time
        outputs[name] = int(result.shape[1] if result.dim() == 4 else result.shape[-1])

    hooks = [
        layer.register_forward_hook(lambda _layer, _given, result, name=name: note(name, result))
        for name, layer in module.named_modules()
        if _can_be_head(layer)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _can_be_head(layer: nn.Module | None) -> bool:
    return isinstance(layer, nn.Linear | nn.Conv2d)


def _names(module: nn.Module) -> list[str]:
    return [name for name, layer in module.named_modules() if _can_be_head(layer)]


def _some(names: list[str]) -> str:
    """Return names in words, the last ones, among which a head is."""
    shown = ", ".join(names[-6:]) or "none at all"
    return f"{shown} and {len(names) - 6} before them" if len(names) > 6 else shown
