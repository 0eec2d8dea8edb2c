"""Where an export goes: told to be free before anything is computed for it."""

from pathlib import Path

from tatl_search.errors import InputError


def free_destination(destination: Path) -> Path:
    """Return the whole path of a folder that may be written.

    Raises:
        InputError: something is there already, or it cannot be made.
    """
    destination = destination.resolve()
    if destination.exists() and not (destination.is_dir() and not any(destination.iterdir())):
        raise InputError(f"{destination} exists already: name another folder or remove it")
    above = next(parent for parent in destination.parents if parent.exists())
    if not above.is_dir():
        raise InputError(f"{destination} cannot be made: {above} is a file")
    return destination
