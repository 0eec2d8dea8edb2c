"""Files of weights as people have them: read without running what is in them."""

import pickle
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from tatl_search.errors import InputError
from tatl_search.nets.reasons import first_line
from tatl_search.printable import one_line

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar")
HEAD_BYTES = 512
DEEPEST = 3
"""How far inside each other the mappings of a checkpoint are looked through."""

State = Mapping[str, Tensor]

_SAVE = "save one with `torch.save(network.state_dict(), path)` or as safetensors"
_OF_TORCH = (b"PK\x03\x04", b"\x80")
"""Files of `torch.save` begin as archives or, from torch before 1.6, as pickles."""

_CLASS = re.compile(r"GLOBAL (\S+)")

_NO_WEIGHTS = (
    (re.compile(rb"version https://git-lfs"), "is a pointer of Git LFS, not the file: `git lfs"
     " pull` fetches it"),
    (re.compile(rb"(\xef\xbb\xbf)?\s*<(!|html|head|\?xml)", re.IGNORECASE), "is a web page: the"
     " download brought an error or a form to log in"),
    (re.compile(rb"\x89HDF"), "is an HDF5 file, as Keras writes it; this takes weights of torch"),
    (re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ|7z"), "is compressed: unpack it first"),
    (re.compile(rb"$"), "is empty"),
)  # fmt: skip


def read_states(path: Path) -> dict[str, State]:
    """Return the state dicts of a file, by where in it they are, the likeliest first.

    What is beside them in a checkpoint (the epoch, an optimizer's numbers) is left out.

    Args:
        path: a file of safetensors or of `torch.save`, whatever its ending.

    Raises:
        InputError: the file cannot be read, or holds none; the message says what it holds.
    """
    if not path.is_file():
        raise InputError(f"network.weights: there is no file '{path}'")
    content = _content(path)
    states = dict(sorted(_states(content, ""), key=lambda found: _rank(found[0])))
    if not states:
        raise _unreadable(path, f"it holds {_kind(content)}, no mapping of names to tensors")
    return states


def _content(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise InputError(f"network.weights: '{path}' cannot be read: {error.strerror}") from error
    is_safetensors = head[8:9] == b"{"  # after the length of the table of contents
    is_torch = not is_safetensors and head.startswith(_OF_TORCH)
    what = next((what for sign, what in _NO_WEIGHTS if sign.match(head)), None)
    if what is not None and not is_safetensors:
        raise _unreadable(path, f"it {what}")
    try:
        if is_safetensors or (path.suffix == ".safetensors" and not is_torch):
            return safetensors.torch.load_file(path)
        # Settings that training scripts keep beside the weights: plain attributes, no code.
        with torch.serialization.safe_globals([Namespace]), path.open("rb") as file:
            # Of a path torch would look at the ending.
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files make readers throw what they like
        raise _unreadable(path, _reason(error)) from error


def _reason(error: Exception) -> str:
    """Return why torch does not read a file; its advice to read it unsafely is kept back."""
    said = str(error)
    if found := _CLASS.search(said):
        return (
            f"it holds Python objects ({one_line(found.group(1))}), which would run code when"
            " they are read, and not only tensors"
        )
    if "TorchScript" in said:
        return "it is a TorchScript program, not weights alone"
    if isinstance(error, pickle.UnpicklingError | EOFError) or "weights_only" in said:
        return "it is damaged, or not of torch"
    return f"it is damaged, or not of torch: {one_line(first_line(error))}"


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(f"network.weights: '{path}' cannot be read as a state dict: {why}; {_SAVE}")


def _states(content: Any, place: str, depth: int = 0) -> Iterator[tuple[str, State]]:
    """Yield the mappings of names to tensors in a checkpoint, with their keys in it."""
    if not isinstance(content, Mapping) or depth > DEEPEST:
        return
    tensors = {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, Tensor)}
    if tensors:
        yield place, tensors
    for key, child in content.items():
        if isinstance(key, str):
            yield from _states(child, f"{place}.{key}" if place else key, depth + 1)


def _rank(place: str) -> tuple[bool, int]:
    """Return how late a state dict is looked at: averaged ones after those that were trained."""
    return "ema" in place.lower(), place.count(".") + bool(place)


def _kind(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f"an object of type {type(content).__name__}"
    keys = [one_line(str(key)) for key in list(content)[:5]]
    if not keys:
        return "an empty mapping"
    if all(isinstance(key, int) for key in content):
        return f"a mapping whose keys are numbers ({', '.join(keys)}, ...)"
    return f"a mapping with the keys {', '.join(keys)}"
