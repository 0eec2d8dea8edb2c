"""Folder trees: `train/<class>/*` with optional `val/` and `test/`, or plain `<class>/*`."""

import os
from collections.abc import Iterator
from pathlib import Path

from tatl_search.config import DataSettings
from tatl_search.data.collection import Source, SplitName, source_folder
from tatl_search.data.image_files import ImageFile, readable, source_of_files
from tatl_search.errors import InputError


def open_folder(settings: DataSettings) -> Source:
    """Return the set in a folder tree, files of nested folders included, hidden ones not.

    Files that are no whole images are left out when they are packed, each named.

    Raises:
        InputError: no such folder, no classes or no files in it, or classes that training does
            not know.
    """
    root = source_folder(settings)
    split_folders = _split_folders(root)
    classes = {split: _classes(folder) for split, folder in split_folders.items()}
    names = tuple(classes[SplitName.TRAIN])
    files = []
    for split, folders in classes.items():
        unknown = [name for name in folders if name not in names]
        if unknown:
            raise InputError(
                f"{root}: {split.folder}/ has classes that train/ has not:"
                f" {', '.join(unknown)}. Every class needs training images."
            )
        own = [
            ImageFile(path, split, names.index(name))
            for name, folder in folders.items()
            for path in _files_below(folder)
        ]
        if not own:
            raise InputError(f"{split_folders[split]} holds no images")
        files += own
    return source_of_files(root, names, files, _unused(root, split_folders))


def _split_folders(root: Path) -> dict[SplitName, Path]:
    """Return the folder of each split; the root itself where the tree has no split folders."""
    found = {split: root / split.folder for split in SplitName if (root / split.folder).is_dir()}
    if not any(_subfolders(folder) for folder in found.values()):
        # `train/` with images right in it is a class of that name.
        return {SplitName.TRAIN: root}
    if SplitName.TRAIN not in found:
        raise InputError(f"{root} has {'/, '.join(s.folder for s in found)}/ but no train/")
    return found


def _classes(folder: Path) -> dict[str, Path]:
    """Return class name -> folder."""
    classes = _subfolders(folder)
    if not classes:
        raise InputError(
            f"{folder} holds no classes: expected one folder of images a class (<class>/*, or"
            " train/<class>/* with optional val/<class>/* and test/<class>/*)"
        )
    return classes


def _unused(root: Path, split_folders: dict[SplitName, Path]) -> tuple[str, ...]:
    if root in split_folders.values():
        return ()
    used = {folder.name for folder in split_folders.values()}
    return tuple(
        f"folder {name}/ is not used: splits are train/, val/ and test/"
        for name in _subfolders(root)
        if name not in used
    )


def _subfolders(folder: Path) -> dict[str, Path]:
    """Return name -> folder, sorted by name the same way on every machine."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}") from error
    return {readable(entry.name): entry for entry in entries if entry.is_dir()}


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=_refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(files) if not name.startswith("."))


def _refused(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read: {error.strerror}") from error
