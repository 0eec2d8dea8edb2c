"""Checksums of a folder, in the form `sha256sum --check` reads."""

from collections.abc import Iterable
from pathlib import Path

from tatl_search.errors import InputError
from tatl_search.files import checksum

FILE_NAME = "checksums.txt"


def write_checksums(folder: Path) -> None:
    """Write `checksums.txt` over all other files of a flat folder."""
    names = sorted(path.name for path in folder.iterdir() if path.name != FILE_NAME)
    lines = [f"{checksum(folder / name)}  {name}\n" for name in names]
    (folder / FILE_NAME).write_text("".join(lines), encoding="utf-8")


def verify_checksums(folder: Path, needed: Iterable[str]) -> None:
    """Check every file that `checksums.txt` lists.

    Args:
        folder: the folder to check.
        needed: names that must be listed.

    Raises:
        InputError: the list is missing or unreadable, a file is missing, changed or not a plain
            file of this folder, or a needed one is not listed.
    """
    path = folder / FILE_NAME
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{folder} is no exported network: cannot read {path.name}") from error
    listed = [_verified_name(folder, line, number) for number, line in enumerate(lines, start=1)]
    if missing := sorted(set(needed) - set(listed)):
        raise InputError(f"{path} does not list {', '.join(missing)}: export the network again")


def _verified_name(folder: Path, line: str, number: int) -> str:
    held, separator, name = line.partition("  ")
    if not separator or name != Path(name).name:
        raise InputError(
            f"{folder / FILE_NAME}, line {number}: expected a checksum and the name of a file in"
            f" this folder, found {line!r}"
        )
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise InputError(f"{path} is missing or no plain file: copy the whole folder again")
    if checksum(path) != held:
        raise InputError(
            f"{path} is damaged: it is not what {FILE_NAME} says. Copy the folder or export again."
        )
    return name
