"""Folder trees: `train/<class>/*` with optional `val/` and `test/`, or plain `<class>/*`."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection, Source, SplitName, source_folder
from tatl_search.data.images import UnusableImageError, read_square
from tatl_search.data.target import Pixels
from tatl_search.errors import InputError


@dataclass(frozen=True)
class _File:
    path: Path
    split: SplitName
    label: int


@dataclass(frozen=True)
class _Tree:
    root: Path
    class_names: tuple[str, ...]
    files: tuple[_File, ...]
    splits: tuple[SplitName, ...]
    notes: tuple[str, ...]


def open_folder(settings: DataSettings) -> Source:
    """Return the set in a folder tree, files of nested folders included, hidden ones not.

    Files that are no whole images are left out when the tree is read, each named in the notes.

    Raises:
        InputError: no such folder, no classes in it, or classes that training does not know.
    """
    tree = _survey(source_folder(settings))
    return Source(signature=_signature(tree), read=partial(_read, tree))


def _survey(root: Path) -> _Tree:
    """Find classes and files without opening a file."""
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
        for name, folder in folders.items():
            files += [_File(path, split, names.index(name)) for path in _files_below(folder)]
    return _Tree(root, names, tuple(files), tuple(classes), _unused(root, split_folders))


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
    return {_readable(entry.name): entry for entry in entries if entry.is_dir()}


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(files) if not name.startswith("."))


def _signature(tree: _Tree) -> str:
    """Return a hash over the names, sizes and times of change of all files."""
    digest = hashlib.sha256(os.fsencode(tree.root))
    for name in tree.class_names:
        digest.update(f"\0{name}".encode())
    for file in tree.files:
        digest.update(os.fsencode(file.path))
        digest.update(_size_and_time(file.path).encode())
    return digest.hexdigest()


def _size_and_time(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "\0unreadable\0"
    return f"\0{found.st_size}\0{found.st_mtime_ns}\0"


def _read(tree: _Tree, image_size: int) -> Collection:
    # Decoding leaves Python's lock, so threads use all cores.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda file: _read_or_reason(file.path, image_size), tree.files))
    files: list[_File] = []
    squares: list[Pixels] = []
    notes: list[str] = []
    for file, result in zip(tree.files, results, strict=True):
        if isinstance(result, str):
            name = _readable(str(file.path.relative_to(tree.root)))
            notes.append(f"left out: {name} ({result})")
        else:
            files.append(file)
            squares.append(result)
    for split in tree.splits:
        if all(file.split != split for file in files):
            why = "".join(f"\n  {note}" for note in notes[:5])
            raise InputError(f"{tree.root} holds no usable image for {split.folder}{why}")
    return Collection(
        class_names=tree.class_names,
        labels=np.array([file.label for file in files], dtype=np.int64),
        brought=np.array([file.split for file in files], dtype=np.int8),
        square=squares.__getitem__,
        notes=(*tree.notes, *notes),
    )


def _read_or_reason(path: Path, side: int) -> Pixels | str:
    try:
        return read_square(path, side)
    except UnusableImageError as error:
        return str(error)


def _readable(name: str) -> str:
    """Return a file name that can be printed and stored, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
