"""What the folders of a tree are: splits, classes, or neither."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from tatl_search.data.collection import SplitName
from tatl_search.data.names import plain, readable, split_named
from tatl_search.data.tree import Tree
from tatl_search.errors import InputError

Classes = Mapping[str, Sequence[Path]]
"""Folders of each class."""

EXPECTED = "<class>/*, or train/<class>/* with optional val/<class>/* and test/<class>/*"
"""The layouts that are read, for people."""


def find_splits(tree: Tree, root: Path) -> dict[SplitName, Path]:
    """Return the folder that holds the classes of each split; the root where there are no splits.

    A folder named like a split is one if any folder so named holds folders: a class may be
    called `train` as long as its images lie right in it.

    Raises:
        InputError: two folders name one split, or none is for training.
    """
    named = [
        (split, folder)
        for folder in tree.folders(root)
        if (split := split_named(folder.name)) is not None
    ]
    if not any(tree.folders(folder) for _, folder in named):
        return {SplitName.TRAIN: root}
    splits: dict[SplitName, Path] = {}
    for split, folder in named:
        if split in splits:
            raise InputError(
                f"{root} has both {splits[split].name}/ and {folder.name}/, which name one split"
                f" ({split.folder}); keep one, or rename the other"
            )
        splits[split] = folder
    if SplitName.TRAIN not in splits:
        given = "/, ".join(folder.name for _, folder in sorted(splits.items()))
        raise InputError(f"{root} has {given}/ but no train/ (or training/)")
    return {split: _innermost(tree, folder) for split, folder in sorted(splits.items())}


def _innermost(tree: Tree, folder: Path) -> Path:
    """Return the folder inside that repeats the split's name, as in `seg_train/seg_train/`."""
    inside = tree.folders(folder)
    repeats = len(inside) == 1 and split_named(inside[0].name) == split_named(folder.name)
    return inside[0] if repeats and tree.folders(inside[0]) else folder


def refuse_other_layouts(tree: Tree, split_folder: Path, classes: Classes) -> None:
    """Raise InputError if what was taken for classes is something between splits and classes.

    That is so where no class holds an image itself, and each holds a folder of folders for the
    only class there is, or largely folders of the same names as all others.
    """
    inside = {
        name: [inner for folder in folders for inner in tree.folders(folder)]
        for name, folders in classes.items()
    }
    if not all(inside.values()) or any(
        tree.files(folder, image_endings()) for own in classes.values() for folder in own
    ):
        return
    names = [{plain(readable(inner.name)) for inner in inners} for inners in inside.values()]
    shared, every = set.intersection(*names), set.union(*names)
    if len(classes) == 1:
        raise InputError(
            f"{split_folder} holds one folder only, {_listed(classes)}, and that holds folders"
            f" again; expected is {EXPECTED}: name the folder above the classes as data.path, or"
            " move them up"
        )
    if len(shared) > 1 and 2 * len(shared) >= len(every):
        raise InputError(
            f"{split_folder}: {_listed(classes)} hold no images but folders of the same names"
            f" ({_listed(sorted(shared))}), so it is unclear which of them are the classes."
            f" Expected is {EXPECTED}: rename or move the folders, or list the images in a table"
            " (data.source=table)"
        )


@functools.cache
def image_endings() -> frozenset[str]:
    """Return how the names of images end, as Pillow knows them; some have no ending."""
    return frozenset({"", *Image.registered_extensions()})


def _listed(names: Sequence[str] | Classes) -> str:
    few = [f"{name}/" for name in names][:4]
    return ", ".join([*few, "..."] if len(names) > len(few) else few)
