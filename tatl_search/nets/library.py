"""Where networks come from, behind one face: torchvision, timm, plug-ins, the user's own code."""

import difflib
from typing import Any, Protocol, runtime_checkable

import timm
import torchvision
from torch import Tensor, nn

from tatl_search import config
from tatl_search.config import place_of, ways_to_name
from tatl_search.errors import InputError
from tatl_search.nets.own import OWN_NETWORKS
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.registry import Registry, did_you_mean


@runtime_checkable
class Library(Protocol):
    """Where networks come from. `model` is a name without the library, as in `resnet18`."""

    def knows(self, model: str) -> bool:
        """Return whether the library has this network."""
        ...

    def names(self) -> list[str]:
        """Return the names of all its networks."""
        ...

    def arguments(self, model: str, classes: int) -> dict[str, Any]:
        """Return the arguments, plain JSON values, with which `construct` builds the network."""
        ...

    def construct(self, model: str, arguments: dict[str, Any]) -> nn.Module:
        """Build the network with random weights; loads and downloads nothing."""
        ...

    def preprocessing(self, model: str) -> Preprocessing:
        """Return the preprocessing of the library's own weights."""
        ...

    def pretrained_state(self, model: str) -> dict[str, Tensor]:
        """Download the library's weights for ImageNet (or take them from its cache)."""
        ...


HALF = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


class Torchvision:
    """torchvision's classification networks."""

    # Their weights were made for inputs that the network itself shifts to mean and std 0.5
    # (`transform_input`); with that off, the preprocessing does it.
    _SHIFTING = frozenset({"googlenet", "inception_v3"})

    def knows(self, model: str) -> bool:
        """Return whether torchvision has this network."""
        return model in self.names()

    def names(self) -> list[str]:
        """Return the names of torchvision's classification networks."""
        return list(torchvision.models.list_models(module=torchvision.models))

    def arguments(self, model: str, classes: int) -> dict[str, Any]:
        """Return the number of classes, and what switches auxiliary heads off."""
        if model in self._SHIFTING:
            return {
                "num_classes": classes,
                "aux_logits": False,
                "transform_input": False,
                "init_weights": True,
            }
        return {"num_classes": classes}

    def construct(self, model: str, arguments: dict[str, Any]) -> nn.Module:
        """Build the network with random weights."""
        module: nn.Module = torchvision.models.get_model(model, weights=None, **arguments)
        return module

    def preprocessing(self, model: str) -> Preprocessing:
        """Return mean and std from the metadata of torchvision's default weights."""
        if model in self._SHIFTING:
            return HALF
        transforms = torchvision.models.get_model_weights(model).DEFAULT.transforms()
        return Preprocessing.from_dict({"mean": transforms.mean, "std": transforms.std})

    def pretrained_state(self, model: str) -> dict[str, Tensor]:
        """Download torchvision's default weights."""
        return dict(torchvision.models.get_model(model, weights="DEFAULT").state_dict())


class Timm:
    """timm's networks; a name may carry a tag of its weights, as in `resnet18.a1_in1k`."""

    def knows(self, model: str) -> bool:
        """Return whether timm has this network, and these weights where the name has a tag."""
        tag = model.partition(".")[2]
        return timm.is_model(model) and (not tag or model in timm.list_pretrained())

    def names(self) -> list[str]:
        """Return the names of timm's networks."""
        return list(timm.list_models())

    def arguments(self, model: str, classes: int) -> dict[str, Any]:
        """Return the number of classes."""
        return {"num_classes": classes}

    def construct(self, model: str, arguments: dict[str, Any]) -> nn.Module:
        """Build the network with random weights."""
        module: nn.Module = timm.create_model(model, pretrained=False, **arguments)
        return module

    def preprocessing(self, model: str) -> Preprocessing:
        """Return mean and std from timm's configuration of the weights."""
        config = timm.get_pretrained_cfg(model)
        if config is None:
            raise InputError(f"network: timm does not say how images for '{model}' are normalised")
        return Preprocessing.from_dict({"mean": config.mean, "std": config.std})

    def pretrained_state(self, model: str) -> dict[str, Tensor]:
        """Download timm's weights."""
        return dict(timm.create_model(model, pretrained=True).state_dict())


TORCHVISION, TIMM = Torchvision(), Timm()

LIBRARIES: Registry[Library] = config.LIBRARIES


def find(name: str) -> tuple[Library, str]:
    """Return the library and the name in it of a network such as `torchvision/resnet18`.

    Raises:
        InputError: no such library or network, naming the closest ones there are, or a plug-in
            that cannot be used.
    """
    prefix, slash, model = name.partition("/")
    if not slash and prefix in LIBRARIES.plugins:
        return OWN_NETWORKS, str(place_of(name))
    if not slash or prefix not in LIBRARIES.names:
        raise InputError(
            f"network: '{name}' is of no known library; write {ways_to_name()}"
            f"{did_you_mean(prefix, LIBRARIES.names)}"
        )
    library = LIBRARIES[prefix]
    if not library.knows(model):
        close = difflib.get_close_matches(model, library.names(), n=4, cutoff=0.5)
        hint = ", ".join(f"{prefix}/{match}" for match in close)
        raise InputError(
            f"network: {prefix} has no '{model}'."
            + (f" Close to it: {hint}." if hint else f" See the list of {prefix}'s networks.")
        )
    return library, model
