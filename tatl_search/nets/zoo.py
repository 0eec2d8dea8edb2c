"""Build a network for a target task: from its library, with its weights, with a new head."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tatl_search.config import NetworkSettings, is_own
from tatl_search.errors import InputError
from tatl_search.nets.head import classifier_name, draw_head, find_head, mark_head
from tatl_search.nets.library import Library, find
from tatl_search.nets.own import OWN_NETWORKS
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.nets.reasons import first_line
from tatl_search.nets.skeleton import blank_image, skeleton
from tatl_search.nets.weights import load_weights

_DRAWS = frozenset({Tensor.normal_, Tensor.uniform_})
_INITS = frozenset({nn.init.kaiming_uniform_, nn.init.normal_, nn.init.uniform_})

SIZES_TO_SUGGEST = (16, 32, 48, 64, 96, 128, 160, 192, 224, 256, 384, 512)


@dataclass
class LoadedNetwork:
    """A network, and what it takes to build it again.

    Attributes:
        module: the network, in channels-last memory format.
        name: library and model name, as in `torchvision/resnet18`.
        arguments: the library's arguments, plain JSON values.
        preprocessing: how images become its input.
        notes: for people: what was done to make its weights fit.
    """

    module: nn.Module
    name: str
    arguments: dict[str, Any]
    preprocessing: Preprocessing
    notes: tuple[str, ...] = ()


def build(settings: NetworkSettings, classes: int, image_size: int) -> LoadedNetwork:
    """Build a network for a target task.

    The head has as many outputs as there are classes; unless the weights have a head of that
    size, it is drawn from torch's random numbers, which the caller seeds. The user's own callable
    draws its head itself.

    Args:
        settings: the network's name and weights.
        classes: number of the target's classes.
        image_size: side of the square input in pixels.

    Raises:
        InputError: an unknown network or head, code of the user's that does not make a network,
            weights that cannot be had or do not fit, or images that the network cannot take.
    """
    library, model = find(settings.name)
    arguments = {**library.arguments(model, classes), **settings.arguments}
    if library is OWN_NETWORKS:
        module = library.construct(model, arguments)
        mark_head(module, _head_of_own(settings, module, classes, image_size))
    else:
        with _buildable(settings.name):
            shapes = _shapes_only(library, model, arguments)
        _check_image_size(settings.name, shapes, classes, image_size)
        with _buildable(settings.name):
            module = library.construct(model, arguments)
        draw_head(module)
    loaded = load_weights(module, settings, classifier_name(module))
    return LoadedNetwork(
        module=channels_last(module),
        name=settings.name,
        arguments=arguments,
        preprocessing=loaded.preprocessing,
        notes=loaded.notes,
    )


@contextmanager
def _buildable(name: str) -> Iterator[None]:
    """Turn whatever a library throws while it builds a network into a refusal."""
    try:
        yield
    except Exception as error:
        raise InputError(
            f"network: {name} cannot be built ({type(error).__name__}: {first_line(error)});"
            " choose another network"
        ) from error


def construct(name: str, arguments: dict[str, Any]) -> nn.Module:
    """Build a network whose weights say nothing, leaving torch's random numbers as they were.

    Raises:
        InputError: an unknown network, or arguments that are not its own.
    """
    library, model = find(name)
    if library is OWN_NETWORKS:  # what it computes as it is made may count
        with torch.random.fork_rng(devices=[]):
            return library.construct(model, arguments)
    known = library.arguments(model, classes=1)
    if set(arguments) != set(known) or not all(type(v) in (bool, int) for v in arguments.values()):
        raise InputError(f"network: {name} takes {sorted(known)}, not {arguments}")
    with torch.random.fork_rng(devices=[]), _Undrawn():
        return library.construct(model, arguments)


class _Undrawn(TorchFunctionMode):
    """Within it, random weights are zeros or what memory holds: to draw VGG-16's takes a second."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, or not."""
        given = kwargs or {}
        if func in _INITS:
            return args[0] if args else given["tensor"]
        if func in _DRAWS:  # `trunc_normal_` draws until all values lie within its bounds
            return args[0].zero_()
        return func(*args, **given)


def channels_last(module: nn.Module) -> nn.Module:
    """Put a network in channels-last memory format, in place: the faster one for convolutions.

    Weights of other than four dimensions have no such format and stay as they are.
    """
    for tensor in chain(module.parameters(), module.buffers()):
        if tensor.dim() == 4:
            tensor.data = tensor.data.to(memory_format=torch.channels_last)
    return module


def _shapes_only(library: Library, model: str, arguments: dict[str, Any]) -> nn.Module:
    """Return the network on the meta device, where shapes are computed and values are not."""
    try:
        with torch.device("meta"):
            return library.construct(model, arguments)
    except NotImplementedError:  # RegNets read values of tensors while they are being built
        with torch.random.fork_rng(devices=[]):
            return library.construct(model, arguments).to("meta")


def _head_of_own(
    settings: NetworkSettings, module: nn.Module, classes: int, image_size: int
) -> str:
    """Return the name of the head of a user's own network; images and outputs are checked before.

    A copy without weights is looked at.
    """
    try:
        copy = skeleton(module)
    except Exception as error:  # foreign layers throw what they like
        raise InputError(
            f"network: {settings.name} cannot be copied ({type(error).__name__}:"
            f" {first_line(error)}); keep tensors in Parameters and buffers"
        ) from error
    _check_image_size(settings.name, copy, classes, image_size)
    return find_head(copy.eval(), blank_image(copy, image_size), classes, settings.head)


def _check_image_size(name: str, module: nn.Module, classes: int, image_size: int) -> None:
    reason = _refusal(module, classes, image_size)
    if reason is None:
        return
    fitting = next((s for s in SIZES_TO_SUGGEST if _refusal(module, classes, s) is None), None)
    if fitting:
        advice = f"the smallest it takes of {SIZES_TO_SUGGEST} is {fitting}; set data.image_size"
    elif is_own(name):
        advice = _demands(module, classes)
    else:
        advice = "it is no plain image classifier; choose another network"
    raise InputError(
        f"network: {name} cannot take images of {image_size} x {image_size} px ({reason}); {advice}"
    )


def _demands(module: nn.Module, classes: int) -> str:
    """Return what a user's own network has to do, in words."""
    first = next((layer for layer in module.modules() if isinstance(layer, nn.Conv2d)), None)
    takes = f"; its first convolution takes {first.in_channels} channels" if first else ""
    return (
        "it should take RGB images (N, 3, height, width), in batches of any size, and give"
        f" (N, {classes}) scores, in training as in evaluation{takes}; a callable that takes"
        " num_classes is given the number of classes"
    )


def _refusal(module: nn.Module, classes: int, image_size: int) -> str | None:
    """Return why a batch of two such images cannot be trained on or evaluated, if so."""
    images = torch.empty(2, 3, image_size, image_size, device="meta")
    for training in (False, True):
        module.train(training)
        try:
            with torch.no_grad():
                scores = module(images)
        except Exception as error:  # noqa: BLE001 - foreign layers throw what they like
            return first_line(error)
        shape = getattr(scores, "shape", None)
        if shape != (2, classes):
            got = f"is {tuple(shape)}" if shape else f"is of type {type(scores).__name__}"
            return (
                f"its output for two images {got}, not one score for each of the {classes} classes"
            )
    return None
