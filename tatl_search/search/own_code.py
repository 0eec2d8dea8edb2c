"""The code of the user's own networks: found in settings, and on its way to other machines."""

import shutil
import site
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tatl_search.config import is_own, place_of
from tatl_search.registry import look_here
from tatl_search.search.checkout import tracked_files


def own_places(raw: Mapping[str, Any]) -> list[str]:
    """Return the `module:callable` of every network of the user's own that settings name.

    Args:
        raw: sections of settings as in a file, distributions and baselines included.

    Raises:
        InputError: one is an entry point of a package that is not installed here.
    """
    names = sorted({name for name in _names(raw) if isinstance(name, str) and is_own(name)})
    return [place for name in names if (place := place_of(name)) is not None]


def copy_code(raw: Mapping[str, Any], folder: Path) -> int:
    """Copy the packages and modules of the user's own networks into a folder.

    What is installed is expected where they are to run, and not copied. Of a package in a git
    checkout the files that git tracks are taken, as they are now; of another one its Python files.

    Args:
        raw: sections of settings.
        folder: becomes a folder from which they can be imported.

    Returns:
        How many files there are.
    """
    tops = {place.partition(":")[0].partition(".")[0] for place in own_places(raw)}
    files = [file for top in sorted(tops) for file in _files_of(top)]
    for root, path in files:
        goal = folder / path.relative_to(root)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, goal)
    return len(files)


@contextmanager
def travelling(raw: Mapping[str, Any], address: str | None) -> Iterator[list[str]]:
    """Yield copies of the code of the user's own networks, for nodes that may not have it.

    Args:
        raw: sections of settings.
        address: of the cluster; null for this machine, where nothing has to travel.
    """
    with tempfile.TemporaryDirectory(prefix="tatl-search-") as folder:
        if address is not None:
            copy_code(raw, Path(folder))
        yield sorted(map(str, Path(folder).iterdir()))


def _names(raw: Any) -> Iterator[Any]:
    """Yield the names of networks in settings."""
    if isinstance(raw, list):
        for entry in raw:
            yield from _names(entry)
    if not isinstance(raw, Mapping):
        return
    network = raw.get("network")
    name = network.get("name") if isinstance(network, Mapping) else None
    yield from name.get("choices", ()) if isinstance(name, Mapping) else [name]
    for entry in raw.values():
        yield from _names(entry)


def _files_of(top: str) -> list[tuple[Path, Path]]:
    """Return the files of a package or module that has to travel, each after its folder."""
    look_here()
    spec = find_spec(top)
    if spec is None:
        return []
    found = []
    for text in spec.submodule_search_locations or [spec.origin or "built-in"]:
        place = Path(text).resolve()
        if _is_installed(place) or not place.exists():
            continue
        files = [place] if place.is_file() else tracked_files(place) or sorted(place.rglob("*.py"))
        found += [(place.parent, file) for file in files]
    return found


def _is_installed(place: Path) -> bool:
    kinds = ("purelib", "platlib", "stdlib", "platstdlib")
    folders = [*(sysconfig.get_path(kind) for kind in kinds), site.getusersitepackages()]
    return any(place.is_relative_to(Path(folder).resolve()) for folder in folders)
