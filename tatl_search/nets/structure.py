"""A network as two files without pickles: `structure.json` and `weights.safetensors`."""

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from safetensors import SafetensorError
from torch import Tensor, nn

from tatl_search.errors import InputError
from tatl_search.nets.head import mark_head, marked_head
from tatl_search.nets.own import check_trusted
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.nets.reasons import first_line
from tatl_search.nets.skeleton import blank_image, skeleton
from tatl_search.nets.state import load_state
from tatl_search.nets.widths import Width, check_names, narrow, shapes_of, widths_of
from tatl_search.nets.zoo import LoadedNetwork, channels_last, construct

STRUCTURE_FILE = "structure.json"
WEIGHTS_FILE = "weights.safetensors"
VERSION: Final = 1
LARGEST_SIDE = 2**16


class Structure(BaseModel):
    """What it takes, besides its weights, to build a pruned network again.

    Attributes:
        version: of this form; counted up when it changes.
        network: library and model name, or that of a user's own callable.
        arguments: the library's or the callable's arguments.
        widths: dotted layer name -> its widths, by the names torch gives them.
        parameters: dotted name -> shape of the Parameters that are of no such layer.
        preprocessing: mean and std.
        class_names: of the target task, in the order of the outputs.
        image_size: side of the square input in pixels.
        head: dotted name of the layer that gives the classes' scores; null for the last one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    network: str
    arguments: dict[str, JsonValue]
    widths: dict[str, dict[str, Width]]
    parameters: dict[str, tuple[Width, ...]]
    preprocessing: Preprocessing
    class_names: tuple[str, ...]
    image_size: Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
    head: str | None = None

    def to_json(self) -> str:
        """Return the text of `structure.json`."""
        unsaid = None if self.head else {"head"}
        return json.dumps(self.model_dump(mode="json", exclude=unsaid), indent=1) + "\n"


def structure_of(network: LoadedNetwork, class_names: Sequence[str], image_size: int) -> Structure:
    """Return the structure of a network as it is now."""
    return Structure(
        version=VERSION,
        network=network.name,
        arguments=network.arguments,
        widths=widths_of(network.module),
        parameters=shapes_of(network.module),
        preprocessing=network.preprocessing,
        class_names=tuple(class_names),
        image_size=image_size,
        head=marked_head(network.module),
    )


def rebuild(structure: Structure) -> LoadedNetwork:
    """Build a network of this structure, in eval mode; its weights mean nothing yet.

    Nothing is downloaded, and torch's random numbers are left as they were.

    Raises:
        InputError: the structure is not one that pruning this network can lead to.
    """
    network = _built(structure)
    _check_forward(network.module, structure)
    return network


def _built(structure: Structure) -> LoadedNetwork:
    """Build a network of this structure, of which every layer by itself is right."""
    _check_classes(structure)
    module = construct(structure.network, dict(structure.arguments)).eval()
    narrow(module, structure.widths, structure.parameters)
    if structure.head is not None:
        mark_head(module, structure.head)
    return LoadedNetwork(
        module=channels_last(module),
        name=structure.network,
        arguments=dict(structure.arguments),
        preprocessing=structure.preprocessing,
    )


def save_network(
    folder: Path, network: LoadedNetwork, class_names: Sequence[str], image_size: int
) -> None:
    """Write a network's two files into an existing folder.

    Not atomic: the caller writes into a folder that nobody reads yet.

    Raises:
        OSError: the files cannot be written.
    """
    structure = structure_of(network, class_names, image_size)
    tensors = {  # copies, because safetensors refuses tensors that share memory
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in network.module.state_dict().items()
    }
    (folder / STRUCTURE_FILE).write_text(structure.to_json(), encoding="utf-8")
    (folder / WEIGHTS_FILE).write_bytes(safetensors.torch.save(tensors))


def load_network(
    folder: Path, trust: Collection[str] | None = ()
) -> tuple[LoadedNetwork, tuple[str, ...], int]:
    """Load a network that `save_network` wrote; its outputs are bit-equal to those saved.

    Args:
        folder: where it lies; may have been made by anybody.
        trust: packages or modules whose code may run to make it, where it is a user's own; null
            for any, of a folder that is the user's own too.

    Returns:
        The network on the CPU in eval mode, the class names, and the image size.

    Raises:
        InputError: a file is missing or damaged, the two do not belong together, or its code is
            not trusted.
    """
    network, structure = _load(folder, rebuild, trust)
    return network, structure.class_names, structure.image_size


def load_own_network(folder: Path) -> LoadedNetwork:
    """Load a network that this program has written, as checksums have shown.

    Whether its layers fit each other is not checked: that takes longer than all else.

    Raises:
        InputError: a file is missing or damaged, or the two do not belong together.
    """
    network, _ = _load(folder, _built, trust=None)
    return network


def _load(
    folder: Path, build: Callable[[Structure], LoadedNetwork], trust: Collection[str] | None
) -> tuple[LoadedNetwork, Structure]:
    try:
        structure = _read_structure(folder / STRUCTURE_FILE)
        if trust is not None:
            check_trusted(structure.network, trust)
        network = build(structure)
        _load_weights(network.module, folder / WEIGHTS_FILE)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error
    return network, structure


def _check_classes(structure: Structure) -> None:
    """Raise unless the head is as wide as there are names: a width that is only declared costs."""
    named = len(structure.class_names)
    outputs = structure.arguments.get("num_classes", named)
    if outputs != named:
        raise InputError(f"structure: {named} class names, but {outputs} outputs")


def _check_forward(module: nn.Module, structure: Structure) -> None:
    """Raise unless the widths fit each other and the class names, by passing shapes through."""
    copy = skeleton(module)
    try:
        with torch.no_grad():
            shape = tuple(copy(blank_image(copy, structure.image_size)).shape)
    except (RuntimeError, ValueError, AssertionError) as error:
        raise InputError(
            f"structure: its widths do not fit each other ({first_line(error)})"
        ) from error
    if shape != (1, len(structure.class_names)):
        raise InputError(
            f"structure: {len(structure.class_names)} class names, but {shape[-1]} outputs"
        )


def _read_structure(path: Path) -> Structure:
    try:
        raw = json.loads(path.read_bytes())
        version = raw.get("version") if isinstance(raw, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise InputError(
                f"{path.name} was written by a newer version of this program (form {version},"
                f" this one reads up to {VERSION}); update it"
            )
        return Structure.model_validate(raw)
    except FileNotFoundError as error:
        raise InputError(f"there is no {path.name}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{path.name} is damaged: {place}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is damaged: it is no JSON ({error})") from error


def _load_weights(module: nn.Module, path: Path) -> None:
    if not path.is_file():
        raise InputError(f"there is no {path.name}")
    try:
        given = safetensors.torch.load_file(path)
    except SafetensorError as error:
        raise InputError(f"{path.name} is damaged ({error})") from error
    wanted = module.state_dict()
    check_names("tensors", wanted, given)
    for name, tensor in given.items():
        _check_tensor(name, tensor, wanted[name])
    load_state(module, given)


def _check_tensor(name: str, given: Tensor, wanted: Tensor) -> None:
    if given.shape != wanted.shape or given.dtype != wanted.dtype:
        raise InputError(
            f"{WEIGHTS_FILE}: {name} is {tuple(given.shape)} of {given.dtype}, but the structure"
            f" says {tuple(wanted.shape)} of {wanted.dtype}"
        )
    if given.numel() and not all(bool(extreme.isfinite()) for extreme in given.aminmax()):
        raise InputError(f"{WEIGHTS_FILE}: {name} holds values that are not finite")
