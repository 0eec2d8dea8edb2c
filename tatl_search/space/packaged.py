"""The search spaces that come with the product, by name: `quickstart`, `paper/vgg16_cub200`."""

from pathlib import Path

import tatl_search
from tatl_search.errors import InputError

FOLDER = Path(tatl_search.__file__).parent / "spaces"
SUFFIX = ".yaml"


def packaged_names() -> list[str]:
    """Return the names, sorted."""
    return sorted(
        path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob(f"*{SUFFIX}")
    )


def packaged_file(name: str) -> Path:
    """Return the file of one of these names."""
    return FOLDER / f"{name}{SUFFIX}"


def packaged(name: str) -> Path | None:
    """Return the file of a space that comes with the product; null where none is called so.

    Raises:
        InputError: something here is called so too, and may be meant as well.
    """
    if name not in packaged_names():
        return None
    path = packaged_file(name)
    if Path(name).exists():
        raise InputError(
            f"'{name}' is a search space that comes with tatl-search, and something here is"
            f" called so too. Write ./{name} for what is here, or {path} for the search space."
        )
    return path
