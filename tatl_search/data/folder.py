"""Folder trees: `train/<class>/*` with optional `val/` and `test/`, or plain `<class>/*`."""

import os
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from tatl_search.config import DataSettings
from tatl_search.data.collection import Source, SplitName, source_folder, white_of
from tatl_search.data.image_files import ImageFile, source_of_files
from tatl_search.data.layout import (
    EXPECTED,
    Classes,
    find_splits,
    image_endings,
    refuse_other_layouts,
)
from tatl_search.data.names import one_form, plain, readable
from tatl_search.data.tree import Tree, named
from tatl_search.errors import InputError


def open_folder(settings: DataSettings) -> Source:
    """Return the set in a folder tree, files of nested folders included.

    Split folders are known by their usual names (`names.split_named`), and may hold one folder
    that repeats the name. What systems put there and hidden ones are left out and named; no
    folder is read twice. Names of classes are equal where their composed forms are. Files that
    are no whole images are left out when they are packed, each named.

    Raises:
        InputError: no such folder, no classes or no files in it, another layout, names that
            cannot be told apart, or classes that training does not know.
    """
    root = source_folder(settings)
    tree = Tree(root)
    splits = find_splits(tree, root)
    classes = {split: _classes(tree, root, folder) for split, folder in splits.items()}
    _refuse_same_spelling(classes)
    for split, folder in splits.items():
        refuse_other_layouts(tree, folder, classes[split])
    train = classes[SplitName.TRAIN]
    names = tuple(sorted(train, key=lambda name: unicodedata.normalize("NFC", train[name][0].name)))
    _refuse_unknown(root, splits, classes)
    files = _files(tree, classes, names)
    for split, folder in splits.items():
        if not any(file.split == split for file in files):
            raise InputError(f"{folder} holds no images")
    notes = (*_unused(tree, root, splits), *_in_no_class(tree, root, splits), *tree.notes)
    return source_of_files(root, names, files, notes, white_of(settings))


def _classes(tree: Tree, root: Path, split_folder: Path) -> Classes:
    """Return class name -> its folders, all claimed."""
    if split_folder != root:
        tree.claim(split_folder)
    classes: dict[str, list[Path]] = {}
    for folder in tree.folders(split_folder):
        tree.claim(folder)
        classes.setdefault(one_form(readable(folder.name)), []).append(folder)
    if not classes:
        raise InputError(
            f"{split_folder} holds no classes: expected is one folder of images a class"
            f" ({EXPECTED})"
        )
    return classes


def _refuse_same_spelling(classes: Mapping[SplitName, Classes]) -> None:
    """Raise InputError if a name's bytes, written out, are the text of another name."""
    seen: dict[str, Path] = {}
    every = ((name, folder) for own in classes.values() for name in own for folder in own[name])
    for name, folder in every:
        other = seen.setdefault(name, folder)
        if _bytes(folder.name) != _bytes(other.name):
            first, second = (
                f"{os.fsencode(found.name)!r} in {readable(str(found.parent))}"
                for found in (other, folder)
            )
            raise InputError(
                f"the folders {first} and {second} would both be the class '{name}', since one of"
                " the names is not UTF-8 or holds control characters; rename it"
            )


def _bytes(name: str) -> bytes:
    return os.fsencode(unicodedata.normalize("NFC", name))


def _refuse_unknown(
    root: Path, splits: Mapping[SplitName, Path], classes: Mapping[SplitName, Classes]
) -> None:
    known = {plain(name): name for name in classes[SplitName.TRAIN]}
    for split, folder in splits.items():
        unknown = [name for name in classes[split] if name not in classes[SplitName.TRAIN]]
        if unknown:
            listed = ", ".join(
                name + (f" (which has '{known[plain(name)]}')" if plain(name) in known else "")
                for name in unknown
            )
            raise InputError(
                f"{root}: {folder.name}/ has classes that {splits[SplitName.TRAIN].name}/ has not:"
                f" {listed}. Every class needs training images."
            )


def _files(
    tree: Tree, classes: Mapping[SplitName, Classes], names: tuple[str, ...]
) -> list[ImageFile]:
    """Return the files of all classes, by split, class and path."""
    places = [
        (split, label, folder)
        for split, of_split in classes.items()
        for label, name in enumerate(names)
        for folder in of_split.get(name, ())
    ]
    below = tree.files_below([folder for _, _, folder in places])
    return [
        ImageFile(path, split, label)
        for (split, label, _), paths in zip(places, below, strict=True)
        for path in paths
    ]


def _unused(tree: Tree, root: Path, splits: Mapping[SplitName, Path]) -> list[str]:
    if root in splits.values():
        return []
    used = {folder.relative_to(root).parts[0] for folder in splits.values()}
    return [
        f"folder {readable(folder.name)}/ is not used: splits are train/, val/ and test/"
        for folder in tree.folders(root)
        if folder.name not in used
    ]


def _in_no_class(tree: Tree, root: Path, splits: Mapping[SplitName, Path]) -> list[str]:
    """Return what to tell of images, and of links that lead nowhere, beside folders of classes."""
    endings = image_endings() - {""}  # README and the like
    found = {folder: tree.files(folder, endings) for folder in (root, *splits.values())}
    return [
        f"not used, since they lie in no class's folder: {named(names)}"
        for files in found.values()
        if (names := [readable(os.path.relpath(file, root)) for file in files])
    ]
