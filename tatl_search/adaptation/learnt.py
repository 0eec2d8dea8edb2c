"""What was learnt of a stage's network, as one file beside it that notices its own damage."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy.typing as npt
import safetensors
import safetensors.numpy

from tatl_search.core.spent import Spent
from tatl_search.methods.context import Learnt

DIGEST = "sha256"


def learnt_bytes(made: Learnt) -> bytes:
    """Return the file of arrays, what they cost, and a digest of both."""
    about = {field: str(count) for field, count in asdict(made.spent).items()}
    about[DIGEST] = _digest(made.arrays, about)
    return safetensors.numpy.save(dict(made.arrays), metadata=about)


def _digest(arrays: Mapping[str, npt.NDArray[Any]], about: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}:{array.dtype}:{array.shape};".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def read_learnt(path: Path) -> Learnt | None:
    """Return what lies there, or None where nothing does or it is damaged."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = file.metadata() or {}
        if about.pop(DIGEST, None) != _digest(arrays, about):
            return None
        return Learnt(arrays, Spent(**{field: int(count) for field, count in about.items()}))
    except (FileNotFoundError, safetensors.SafetensorError, ValueError, TypeError):
        return None
