"""State dicts as people have them, fitted to a network: prefixes, other heads, odd tensors."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tatl_search.errors import InputError
from tatl_search.printable import one_line

SHOWN = 3
State = Mapping[str, Tensor]

_AUXILIARY = re.compile(r"^(aux[12]|AuxLogits)\.")
_DENSENET_BEFORE_2018 = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(?=[12]\.)")
_BESIDE = frozenset({"n_averaged"})
"""What torch's own averaging of weights keeps beside them."""


@dataclass(frozen=True)
class Fitted:
    """Tensors that fit a network.

    Attributes:
        state: by the network's names; where the head is left out, it stays as it was drawn.
        notes: for people: what was done to make them fit.
    """

    state: State
    notes: tuple[str, ...]


def fit(states: Mapping[str, State], wanted: State, head: str, source: str) -> Fitted:
    """Return that one of several state dicts that is a network's.

    A prefix that all names share (`module.`, `_orig_mod.`, `model.`) is taken away. A head that
    is missing or of other shapes is left out: it is the part that a new task draws anew.

    Args:
        states: by where in the file they are; among equals the first is taken.
        wanted: the network's own state dict.
        head: name of the classifier.
        source: what is fitted, for messages.

    Raises:
        InputError: none fits, or its tensors are not plain finite numbers.
    """
    readings = [
        (place, prefix, state)
        for place, given in states.items()
        for prefix, state in _without_prefixes(_cleaned(given))
    ]
    fitting = {place: None for place, _, state in readings if _matches(state, wanted)}
    place, prefix, given = max(readings, key=lambda reading: _matches(reading[2], wanted))
    faults = list(_faults(given, wanted, head))
    if faults:
        raise InputError(
            f"network.weights: {source} do not fit: {_hint(given, wanted)}{_some(faults)}"
        )
    other_head = _why_drawn_anew(given, wanted, head)
    state = {
        key: given[key]
        for key in wanted
        if key in given and not (other_head and _inside(key, head))
    }
    if odd := [fault for key, tensor in state.items() if (fault := _oddity(key, tensor, wanted))]:
        raise InputError(f"network.weights: {source} cannot be used: {_some(odd)}")
    others = [other for other in fitting if other != place]
    return Fitted(state, tuple(_notes(others, place, prefix, other_head)))


def _cleaned(given: State) -> State:
    return {
        _DENSENET_BEFORE_2018.sub(r"\1", key): tensor
        for key, tensor in given.items()
        if key not in _BESIDE
    }


def _without_prefixes(given: State) -> Iterator[tuple[str, State]]:
    """Yield a state dict as it is, and without one shared first part of its names after another."""
    prefix = ""
    while True:
        yield prefix, {key: tensor for key, tensor in given.items() if not _AUXILIARY.match(key)}
        firsts = {key.partition(".")[0] for key in given}
        if len(firsts) != 1 or not all("." in key for key in given):
            return
        first = f"{firsts.pop()}."
        prefix += first
        given = {key.removeprefix(first): tensor for key, tensor in given.items()}


def _matches(given: State, wanted: State) -> int:
    return sum(key in wanted and wanted[key].shape == given[key].shape for key in given)


def _inside(key: str, head: str) -> bool:
    return key.startswith(f"{head}.")


def _faults(given: State, wanted: State, head: str) -> Iterator[str]:
    for key in wanted:
        if not (key in given or _optional(key) or _inside(key, head)):
            yield f"{key} is missing"
    for key in given:
        if key not in wanted and not _inside(key, head):
            yield f"{one_line(key)} is not of this network"
    for key, tensor in wanted.items():
        if key in given and given[key].shape != tensor.shape and not _inside(key, head):
            yield f"{key} is {tuple(given[key].shape)}, not {tuple(tensor.shape)}"


def _optional(key: str) -> bool:
    """Whether state dicts of torch before 0.4.1 lack this tensor, which nothing here reads."""
    return key.endswith(".num_batches_tracked")


def _why_drawn_anew(given: State, wanted: State, head: str) -> str:
    """Return what a head is like that does not fit; empty where it does."""
    for key in (key for key in wanted if _inside(key, head)):
        if key not in given:
            return f"{key} is missing"
        if given[key].shape != wanted[key].shape:
            return f"{key} is {tuple(given[key].shape)}, not {tuple(wanted[key].shape)}"
    return ""


def _oddity(key: str, given: Tensor, wanted: State) -> str | None:
    """Return why the values of a tensor cannot be a network's."""
    if given.is_meta:
        return f"{key} holds no values (a tensor of torch's meta device)"
    if given.layout is not torch.strided or given.is_quantized or given.is_nested:
        kind = str(given.layout).removeprefix("torch.") if not given.is_quantized else "quantized"
        return f"{key} is no dense tensor ({kind})"
    if wanted[key].is_floating_point() and not given.is_floating_point():
        return f"{key} holds {str(given.dtype).removeprefix('torch.')}, not floating-point numbers"
    if not bool(given.float().isfinite().all()):
        return f"{key} holds NaN or infinity"
    return None


def _notes(others: Sequence[str], place: str, prefix: str, head: str) -> Iterator[str]:
    if others:
        yield f"'{one_line(place)}' is taken; beside it are {', '.join(map(one_line, others))}"
    if prefix:
        yield f"'{one_line(prefix)}', which all names begin with, is left out"
    if head:
        yield f"the classifier is drawn anew: {head}"


def _hint(given: State, wanted: State) -> str:
    """Return what to tell where not one tensor is the network's; empty otherwise."""
    if _matches(given, wanted):
        return ""
    names = ", ".join(map(one_line, list(given)[:SHOWN]))
    return f"their names begin with {names} (a prefix is left out where all have it); "


def _some(faults: Sequence[str]) -> str:
    rest = len(faults) - SHOWN
    return "; ".join(faults[:SHOWN]) + (f"; and {rest} more" if rest > 0 else "")
