"""Dog120, that is Stanford Dogs: 120 breeds (Khosla et al. 2011, FGVC workshop at CVPR)."""

from collections.abc import Sequence
from pathlib import Path

from tatl_search.config import DataSettings
from tatl_search.data.boxes import read_voc_box
from tatl_search.data.collection import Source, SplitName, source_folder
from tatl_search.data.image_files import Box, ImageFile, source_of_files
from tatl_search.data.listing import Listed, require_folder, spoken
from tatl_search.data.mat import read_mat
from tatl_search.errors import InputError

_LAYOUT = (
    "Images/<breed>/*, train_list.mat and test_list.mat (and Annotation/<breed>/* for crop_to_box)"
)
_LISTINGS = {SplitName.TRAIN: "train_list.mat", SplitName.TEST: "test_list.mat"}

Entry = tuple[str, int, str]
"""Path below Images/, label counted from 1, and where both are said."""


def open_dog120(settings: DataSettings) -> Source:
    """Return the set in its official layout; train and test are brought.

    With `crop_to_box` an image of several dogs is cut to the box that holds them all (*our
    reading*; an image stays one image).

    Raises:
        InputError: a listing or box is missing or contradicts another; the message says where.
    """
    root = source_folder(settings)
    require_folder(root / "Images", _LAYOUT)
    if settings.crop_to_box:
        require_folder(root / "Annotation", _LAYOUT)
    entries = {split: _entries(root / name) for split, name in _LISTINGS.items()}
    folders = _folders([entry for own in entries.values() for entry in own])
    listed = Listed()
    files = []
    for split, own in entries.items():
        for path, label, place in own:
            listed.add(path, split, place)
            box = _box(root, path) if settings.crop_to_box else None
            files.append(ImageFile(root / "Images" / path, split, label - 1, box))
    return source_of_files(root, [_breed(folder) for folder in folders], files)


def _entries(file: Path) -> list[Entry]:
    paths, labels = read_mat(file, ("file_list", "labels"), _LAYOUT)
    if len(paths) != len(labels):
        raise InputError(f"{file}: {len(paths)} files in file_list, but {len(labels)} labels")
    # A cell holds an array of one string.
    return [
        (str(getattr(cell, "flat", [cell])[0]), int(label), f"{file}, entry {number}")
        for number, (cell, label) in enumerate(zip(paths, labels, strict=True), 1)
    ]


def _folders(entries: Sequence[Entry]) -> list[str]:
    """Return the folder of each label: labels count from 1 without gaps, and each has its own."""
    found: dict[int, str] = {}
    for path, label, place in entries:
        folder = path.partition("/")[0]
        if found.setdefault(label, folder) != folder:
            raise InputError(
                f"{place}: {path} has label {label}, which is {found[label]} elsewhere"
            )
    if sorted(found) != list(range(1, len(found) + 1)):
        raise InputError(f"labels of {_LISTINGS[SplitName.TRAIN]} do not count from 1 without gaps")
    if len(set(found.values())) != len(found):
        raise InputError("train_list.mat and test_list.mat give a folder of Images/ two labels")
    return [found[label] for label in sorted(found)]


def _breed(folder: str) -> str:
    """Return the name in `n02085620-Chihuahua`."""
    return spoken(folder.partition("-")[2] or folder)


def _box(root: Path, path: str) -> Box:
    """Return an image's box; its annotation is named like the image, without a suffix."""
    return read_voc_box(root / "Annotation" / Path(path).with_suffix(""))
