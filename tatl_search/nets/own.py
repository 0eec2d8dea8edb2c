"""Networks of the user's own: any callable that returns an `nn.Module`, by where it is.

Code of others runs here, and only here: `construct` imports and calls what a name says. Who reads
a folder that others may have made asks `check_trusted` first.
"""

import hashlib
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from tatl_search.config import place_of
from tatl_search.errors import InputError
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.nets.reasons import first_line
from tatl_search.registry import did_you_mean, look_here

IMAGENET = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))

CLASSES = "num_classes"
"""The argument by which a callable learns how many classes there are, if it takes it."""

_KNOWN = frozenset({"torch", "torchvision", "timm"})
"""Packages whose code has a version."""


class OwnNetworks:
    """Networks that are made by callables; `model` is a `module:callable`."""

    def knows(self, model: str) -> bool:
        """Return whether it can be: what is there is found out when it is imported."""
        return ":" in model

    def names(self) -> list[str]:
        """Return no names: they are not known beforehand."""
        return []

    def arguments(self, model: str, classes: int) -> dict[str, Any]:
        """Return the number of classes, if the callable takes it.

        Raises:
            InputError: there is no such callable.
        """
        return {CLASSES: classes} if _takes(callable_of(model), CLASSES) else {}

    def construct(self, model: str, arguments: dict[str, Any]) -> nn.Module:
        """Call the callable.

        Raises:
            InputError: there is none, it does not take such arguments, it fails, or what it
                returns is not a network.
        """
        make = callable_of(model)
        _check_arguments(model, make, arguments)
        with _failing(f"network: {model} fails"):
            made = make(**arguments)
        if not isinstance(made, nn.Module):
            raise InputError(
                f"network.name: {model} returns an object of type {type(made).__name__}, not an"
                " nn.Module"
            )
        return made

    def preprocessing(self, model: str) -> Preprocessing:
        """Return ImageNet's, which holds unless the settings name another one."""
        return IMAGENET

    def pretrained_state(self, model: str) -> dict[str, Tensor]:
        """Refuse: nothing of the kind is known."""
        raise InputError(f"network.weights: there are no weights of {model} to download")


OWN_NETWORKS = OwnNetworks()


def check_trusted(name: str, trust: Collection[str]) -> None:
    """Raise InputError unless a network is a library's, or its code is trusted.

    Args:
        name: of the network.
        trust: packages or modules whose code may run.
    """
    place = place_of(name)
    if place is None:
        return
    module = place.partition(":")[0]
    if any(module == trusted or module.startswith(f"{trusted}.") for trusted in trust):
        return
    package = module.partition(".")[0]
    raise InputError(
        f"its network is made by foreign code, {place}, which runs only if you trust it:"
        f' load(folder, trust=["{package}"]). model.onnx and model.pt2 need none of it.'
    )


def callable_of(place: str) -> Callable[..., Any]:
    """Return what is at a `module:callable`.

    Modules of the working directory are found too, after all that is installed.

    Raises:
        InputError: it cannot be imported, is not there, or is not callable.
    """
    name, _, path = place.partition(":")
    found: Any = _imported(name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise InputError(_missing(name, path, part, found))
        found = getattr(found, part)
    if not callable(found):
        raise InputError(
            f"network.name: {place} is an object of type {type(found).__name__}, which cannot be"
            " called; name a function or class that returns an nn.Module"
        )
    if isinstance(found, nn.Module):  # is callable, but with images
        raise InputError(
            f"network.name: {place} is a network already; name a function or class that makes one"
        )
    made: Callable[..., Any] = found
    return made


def source_digest(name: str, arguments: Mapping[str, Any]) -> str | None:
    """Return a hash of the files that say what a network computes; null for a library's.

    Of the callable's, and those of its layers that are none of torch's, torchvision's or timm's.

    Args:
        name: of the network.
        arguments: that its callable is given besides the number of classes.

    Raises:
        InputError: it cannot be made.
    """
    place = place_of(name)
    return None if place is None else _digest_of(place, json.dumps(arguments, sort_keys=True))


@lru_cache
def _digest_of(place: str, arguments: str) -> str:
    known = OWN_NETWORKS.arguments(place, classes=2)
    with torch.random.fork_rng(devices=[]):
        made = OWN_NETWORKS.construct(place, {**known, **json.loads(arguments)})
    parts = {sys.modules.get(type(part).__module__) for part in made.modules()}
    parts.add(sys.modules[place.partition(":")[0]])
    texts = {module.__name__: _text(module) for module in parts if module and _is_foreign(module)}
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


def _is_foreign(module: ModuleType) -> bool:
    return module.__name__.partition(".")[0] not in _KNOWN


def _text(module: ModuleType) -> str:
    try:
        return inspect.getsource(module)
    except (OSError, TypeError):  # compiled
        return ""


def _imported(name: str) -> ModuleType:
    here = look_here()
    with _failing(f"network.name: {name} cannot be imported"):
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            raise InputError(_no_module(name, str(error.name), here)) from error


def _no_module(name: str, missing: str, here: str) -> str:
    if missing != name and not name.startswith(f"{missing}."):
        return (
            f"network.name: {name} cannot be imported: it needs the module '{missing}', which is"
            " not installed here"
        )
    around = missing.rpartition(".")[0]
    within = f" in {_where(sys.modules[around])}" if around in sys.modules else ""
    return (
        f"network.name: there is no module '{missing}'{within}; it is looked for among what is"
        f" installed and in the working directory ({here}). Run from the folder that holds it, or"
        " install it (pip install -e)"
    )


def _missing(module: str, path: str, part: str, found: Any) -> str:
    guess = did_you_mean(part, [name for name in dir(found) if not name.startswith("_")])
    where = _where(sys.modules[module])
    return f"network.name: {module} has no '{path}' ({where}){guess}"


def _where(module: ModuleType) -> str:
    return str(getattr(module, "__file__", None) or module.__name__)


@contextmanager
def _failing(what: str) -> Iterator[None]:
    """Turn whatever a user's code throws into one line that says where."""
    try:
        yield
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        frames = reversed(traceback.extract_tb(error.__traceback__))
        last = next((frame for frame in frames if _is_users(frame.filename)), None)
        at = f", {Path(last.filename).name}:{last.lineno}" if last else ""
        raise InputError(f"{what} ({type(error).__name__}: {first_line(error)}{at})") from error


def _is_users(file: str) -> bool:
    """Whether a file on the stack is likely to be the user's own."""
    return file != __file__ and "site-packages" not in file and "importlib" not in file


def _takes(make: Callable[..., Any], argument: str) -> bool:
    """Whether a callable takes an argument by its name; of what does not say, yes."""
    try:
        parameters = inspect.signature(make).parameters.values()
    except (TypeError, ValueError):
        return True
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return any(
        p.kind is inspect.Parameter.VAR_KEYWORD or (p.name == argument and p.kind in by_name)
        for p in parameters
    )


def _check_arguments(place: str, make: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(**arguments)
    except TypeError as error:
        names = list(signature.parameters)
        strange = next((name for name in arguments if name not in names), "")
        guess = did_you_mean(strange, names) if strange else ""
        raise InputError(
            f"network.arguments: {place} takes {signature}: {first_line(error)}{guess}"
        ) from error
