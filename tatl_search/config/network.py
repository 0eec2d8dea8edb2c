"""Settings of the pre-trained network."""

import re
from typing import Annotated

from pydantic import AfterValidator

from tatl_search.config.base import Settings

NAMED_WEIGHTS = frozenset({"embedded", "pretrained", "random"})
"""Weights that are no path."""


def _of_a_library(name: str) -> str:
    if not re.fullmatch(r"(torchvision|timm)/[A-Za-z0-9_.\-]+", name):
        raise ValueError(f"write torchvision/<name> or timm/<name> (got '{name}')")
    return name


class NetworkSettings(Settings):
    """The pre-trained network to adapt.

    Attributes:
        name: library and model name, as in `torchvision/resnet18` or `timm/tf_efficientnet_lite0`.
        weights: `embedded` (shipped in a package), `pretrained` (the library's download),
            `random`, or the path of a `.safetensors` or `.pth` state dict.
    """

    name: Annotated[str, AfterValidator(_of_a_library)] = "timm/tf_efficientnet_lite0"
    weights: str = "embedded"
