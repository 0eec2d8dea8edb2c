"""Paths as people write them: `~` and environment variables, filled in by one rule."""

import os
import re
from pathlib import Path

from tatl_search.errors import InputError

_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})")


def filled_in(text: str, name: str) -> str:
    """Return a path or URI with `$NAME` and `${NAME}` replaced by the environment's variables.

    Args:
        text: as somebody wrote it.
        name: of the option or setting, for the message.

    Raises:
        InputError: such a variable is not set, or the text can be no path.
    """
    filled = os.path.expandvars(text)
    if left := _VARIABLE.search(filled):
        raise InputError(
            f"{name}: {left.group()} names an environment variable that is not set (in {text!r});"
            " set it, or write the path out"
        )
    if "\0" in filled:
        raise InputError(f"{name}: {text!r} holds a zero byte, which no path does")
    return filled


def user_path(text: str, name: str) -> Path:
    """Return a path with environment variables and `~` filled in.

    Args:
        text: as somebody wrote it.
        name: of the option or setting, for the message.

    Raises:
        InputError: a variable is not set, or nobody has the home that `~user` means.
    """
    filled = filled_in(text, name)
    path = os.path.expanduser(filled)
    if filled.startswith("~") and path == filled:
        raise InputError(
            f"{name}: {text!r} names a home that is not known here; write the path out (what is"
            f" called so here is ./{filled})"
        )
    return Path(path)


def likely_path(text: str) -> Path:
    """Return a path like `user_path`, or as it is written where that cannot be filled in.

    For names that nobody typed, such as those of images, in which `$` and `~` may mean themselves.
    """
    try:
        return user_path(text, "path")
    except InputError:
        return Path(text)
