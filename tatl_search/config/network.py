"""Settings of the pre-trained network."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from tatl_search.config.base import Settings
from tatl_search.config.naming import is_stored
from tatl_search.registry import Registry, did_you_mean

NAMED_WEIGHTS = frozenset({"embedded", "pretrained", "random"})
"""Weights that are no path."""


LIBRARIES: Registry[Any] = Registry(
    "library of networks",
    "network.name",
    "tatl_search.networks",
    "tatl_search.nets.library:Library",
    {
        "torchvision": "tatl_search.nets.library:TORCHVISION",
        "timm": "tatl_search.nets.library:TIMM",
    },
)


def _of_a_library(name: str, info: ValidationInfo) -> str:
    if is_stored(info):
        return name
    library, _, model = name.partition("/")
    if library not in LIBRARIES.names or not re.fullmatch(r"[A-Za-z0-9_.\-]+", model):
        ways = " or ".join(f"{known}/<name>" for known in LIBRARIES.names)
        guess = did_you_mean(library, LIBRARIES.names) if library not in LIBRARIES.names else ""
        raise ValueError(f"write {ways} (got '{name}'){guess}")
    if fault := LIBRARIES.fault_of(library):
        raise ValueError(fault)
    return name


class NetworkSettings(Settings):
    """The pre-trained network to adapt.

    Attributes:
        name: library and model name, as in `torchvision/resnet18` or `timm/tf_efficientnet_lite0`.
        weights: `embedded` (shipped in a package), `pretrained` (the library's download),
            `random`, or the path of a state dict, of safetensors or of `torch.save`, also inside
            a checkpoint. `~` and environment variables are filled in.
    """

    name: Annotated[str, AfterValidator(_of_a_library)] = "timm/tf_efficientnet_lite0"
    weights: str = "embedded"
