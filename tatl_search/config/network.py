"""Settings of the pre-trained network."""

import json
import math
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo, model_validator

from tatl_search.config.base import Settings
from tatl_search.config.naming import is_stored
from tatl_search.errors import InputError
from tatl_search.registry import Registry, did_you_mean

NAMED_WEIGHTS = frozenset({"embedded", "pretrained", "random"})
"""Weights that are no path."""

OWN = "python"
"""What stands before the slash of a network of the user's own."""

LIBRARIES: Registry[Any] = Registry(
    "library of networks",
    "network.name",
    "tatl_search.networks",
    "tatl_search.nets.library:Library",
    {
        "torchvision": "tatl_search.nets.library:TORCHVISION",
        "timm": "tatl_search.nets.library:TIMM",
        OWN: "tatl_search.nets.own:OWN_NETWORKS",
    },
)

_MODEL = re.compile(r"[A-Za-z0-9_.\-]+")
_CALLABLE = re.compile(r"([^\W\d]\w*\.)*[^\W\d]\w*:([^\W\d]\w*\.)*[^\W\d]\w*")


def ways_to_name() -> str:
    """Return how the name of a network may be written, in words."""
    others = (name for name in LIBRARIES.names if name != OWN)
    ways = (*(f"{known}/<name>" for known in others), f"{OWN}/<module>:<callable>")
    return " or ".join(ways)


def is_own(name: str) -> bool:
    """Whether a network is made by code of the user's, named by itself or by an entry point."""
    return name.startswith(f"{OWN}/") or "/" not in name


def place_of(name: str) -> str | None:
    """Return the `module:callable` that a network's name means; null where it is a library's.

    Raises:
        InputError: it would be a package's entry point, and there is none.
    """
    if not is_own(name):
        return None
    _, slash, place = name.partition("/")
    if slash:
        return place
    offered = LIBRARIES.place_of(name)
    if offered is None:
        raise InputError(
            f"network: no package that is installed here offers a network '{name}'"
            f"{did_you_mean(name, LIBRARIES.plugins)}"
        )
    return offered


def _of_a_library(name: str, info: ValidationInfo) -> str:
    if is_stored(info):
        return name
    library, slash, model = name.partition("/")
    form = _CALLABLE if library == OWN else _MODEL
    known = LIBRARIES.names if slash else LIBRARIES.plugins
    if library not in known or (slash and not form.fullmatch(model)):
        guess = did_you_mean(library, known) if library not in LIBRARIES.names else ""
        raise ValueError(f"write {ways_to_name()} (got '{name}'){guess}")
    if fault := LIBRARIES.fault_of(library):
        raise ValueError(fault)
    return name


def _plain(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    if "num_classes" in arguments:
        raise ValueError("num_classes follows from the data and is passed by itself; leave it out")
    try:
        json.dumps(arguments, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"should be finite numbers, words, true, false, null, lists and mappings ({error})"
        ) from error
    return arguments


def _of_colours(values: tuple[float, ...]) -> tuple[float, ...]:
    if len(values) != 3 or not all(map(math.isfinite, values)):
        raise ValueError(f"should be three finite numbers, of red, green and blue (got {values})")
    return values


def _above_zero(values: tuple[float, ...]) -> tuple[float, ...]:
    if min(values) <= 0.0:
        raise ValueError(f"should be three numbers above 0 (got {values})")
    return values


Colours = Annotated[tuple[float, ...], AfterValidator(_of_colours)]


class NetworkSettings(Settings):
    """The pre-trained network to adapt.

    Attributes:
        name: library and model name, as in `torchvision/resnet18` or `timm/tf_efficientnet_lite0`;
            or a network of your own, `python/my_package.networks:build`: a callable that returns
            an `nn.Module`, or its entry point.
        weights: `embedded` (shipped in a package), `pretrained` (the library's download),
            `random`, or the path of a state dict, of safetensors or of `torch.save`, also inside
            a checkpoint. `~` and environment variables are filled in. Of a network of your own
            only a path, or null: as the callable makes it, which is the default there.
        arguments: what a callable of your own is given besides `num_classes`; may be searched
            over.
        mean: of red, green and blue, of images whose values go from 0 to 1; null for what belongs
            to the weights, and for ImageNet's where the network is your own.
        std: likewise, by which they are divided.
        head: dotted name of the layer that gives the classes' scores, in a network of your own;
            null finds it.
    """

    name: Annotated[str, AfterValidator(_of_a_library)] = "timm/tf_efficientnet_lite0"
    weights: str | None = "embedded"
    arguments: Annotated[Mapping[str, Any], AfterValidator(_plain)] = {}
    mean: Colours | None = None
    std: Annotated[Colours, AfterValidator(_above_zero)] | None = None
    head: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether it is made by code of the user's."""
        return is_own(self.name)

    @property
    def label(self) -> str:
        """How people know it: its name, with the arguments of a callable of the user's."""
        if not self.arguments:
            return self.name
        told = (f"{key}={json.dumps(value)}" for key, value in sorted(self.arguments.items()))
        return f"{self.name}({', '.join(told)})"

    @property
    def unloaded(self) -> "NetworkSettings":
        """The same network without weights of a file or a download."""
        return self.model_copy(update={"weights": None if self.is_own else "random"})

    @model_validator(mode="before")
    @classmethod
    def _as_it_is_made(cls, given: Any) -> Any:
        """Take a network of the user's own as its callable makes it, unless weights are named."""
        if not isinstance(given, Mapping) or "weights" in given:
            return given
        name = given.get("name")
        return {**given, "weights": None} if isinstance(name, str) and is_own(name) else given

    @model_validator(mode="after")
    def _fits_together(self) -> "NetworkSettings":
        if (self.mean is None) != (self.std is None):
            raise ValueError("mean and std belong together; give both or neither")
        if self.is_own and self.weights in NAMED_WEIGHTS:
            raise ValueError(
                f"weights: a network of your own has no '{self.weights}' ones; write the path of a"
                " file, or null to take it as the callable makes it"
            )
        if not self.is_own and self.weights is None:
            raise ValueError(
                f"weights: null is for a network of your own ({OWN}/<module>:<callable>); write"
                " random, pretrained, embedded or the path of a file"
            )
        for key in ("arguments", "head"):
            if not self.is_own and getattr(self, key):
                raise ValueError(
                    f"{key}: is for a network of your own ({OWN}/<module>:<callable>), not for"
                    f" {self.name}"
                )
        return self
