"""Checksums of a folder, in the form `sha256sum --check` reads."""

from collections.abc import Iterable
from pathlib import Path

from tatl_search.deploy.shipped.verify import CHECKSUMS, DamagedError, check_files
from tatl_search.errors import InputError
from tatl_search.files import checksum


def write_checksums(folder: Path) -> None:
    """Write `checksums.txt` over all other files of a flat folder."""
    names = sorted(path.name for path in folder.iterdir() if path.name != CHECKSUMS)
    lines = [f"{checksum(folder / name)}  {name}\n" for name in names]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def verify_checksums(folder: Path, needed: Iterable[str]) -> None:
    """Check every file that `checksums.txt` lists.

    Args:
        folder: the folder to check.
        needed: names that must be listed.

    Raises:
        InputError: the folder is no export, or `check_files` finds it damaged.
    """
    if not (folder / CHECKSUMS).is_file():
        raise InputError(f"{folder} is no exported network: it holds no {CHECKSUMS}")
    try:
        check_files(folder, needed)
    except DamagedError as error:
        raise InputError(str(error)) from error
