"""Where an export goes: told to be free before anything is computed for it."""

from pathlib import Path

from tatl_search.errors import InputError
from tatl_search.files import why_not_makeable


def free_destination(destination: Path) -> Path:
    """Return the whole path of a folder that may be written.

    Raises:
        InputError: something is there already, or it cannot be made.
    """
    destination = destination.resolve()
    if why := why_not_makeable(destination):
        raise InputError(f"{destination} cannot be made: {why}")
    if destination.exists() and not (destination.is_dir() and not any(destination.iterdir())):
        raise InputError(f"{destination} exists already: name another folder or remove it")
    return destination
