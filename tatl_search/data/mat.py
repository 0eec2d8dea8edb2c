"""MATLAB's .mat files, in which two of the official sets keep their lists."""

from pathlib import Path
from typing import Any

import numpy.typing as npt

from tatl_search.data.listing import require_file
from tatl_search.errors import InputError


def read_mat(file: Path, keys: tuple[str, ...], layout: str) -> list[npt.NDArray[Any]]:
    """Return variables of a .mat file (up to version 7.2), each flattened.

    Args:
        file: the file.
        keys: names of the variables.
        layout: what the set's folder holds, for the error.

    Raises:
        InputError: missing, unreadable, or without one of the variables.
    """
    # Imported here: it takes a while, and only two sources need it.
    from scipy.io import loadmat

    require_file(file, layout)
    try:
        found = loadmat(str(file), variable_names=keys)
    except Exception as error:
        # The reader raises anything on damaged files.
        raise InputError(f"{file} cannot be read as a .mat file: {error}") from error
    missing = [key for key in keys if key not in found]
    if missing:
        raise InputError(f"{file} holds no '{missing[0]}'")
    return [found[key].reshape(-1) for key in keys]
