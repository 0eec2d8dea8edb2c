"""CUB-200-2011: 200 birds (Wah et al. 2011, Caltech technical report CNS-TR-2011-001)."""

from pathlib import Path

from tatl_search.config import DataSettings
from tatl_search.data.boxes import to_box
from tatl_search.data.collection import Source, SplitName, source_folder
from tatl_search.data.image_files import Box, ImageFile, source_of_files
from tatl_search.data.listing import (
    Line,
    Listed,
    read_table,
    require_folder,
    require_same_ids,
    spoken,
)

_LAYOUT = (
    "CUB_200_2011 as it unpacks: images/, images.txt, image_class_labels.txt,"
    " train_test_split.txt, classes.txt (and bounding_boxes.txt for crop_to_box)"
)
_SPLITS = {"1": SplitName.TRAIN, "0": SplitName.TEST}


def open_cub200(settings: DataSettings) -> Source:
    """Return the set in its official layout; train and test are brought.

    Raises:
        InputError: a listing is missing or contradicts another; the message names file and line.
    """
    root = source_folder(settings)
    require_folder(root / "images", _LAYOUT)
    images = read_table(root / "images.txt", _LAYOUT)
    names = _class_names(root)
    labels = _column(root, "image_class_labels.txt", images)
    splits = _column(root, "train_test_split.txt", images)
    boxes = _column(root, "bounding_boxes.txt", images) if settings.crop_to_box else {}
    listed = Listed()
    files = []
    for key, (path, line) in images.items():
        split = _split(*splits[key])
        listed.add(path, split, line.place)
        label = _label(*labels[key], names)
        box = _box(*boxes[key]) if boxes else None
        files.append(ImageFile(root / "images" / path, split, label, box))
    return source_of_files(root, tuple(names.values()), files)


def _class_names(root: Path) -> dict[int, str]:
    """Return the name of each class by its number: `001.Black_footed_Albatross` loses its own."""
    table = read_table(root / "classes.txt", _LAYOUT)
    return {key: spoken(name.partition(".")[2] or name) for key, (name, _) in table.items()}


def _column(
    root: Path, name: str, images: dict[int, tuple[str, Line]]
) -> dict[int, tuple[str, Line]]:
    table = read_table(root / name, _LAYOUT)
    require_same_ids(images, table, root / name)
    return table


def _split(text: str, line: Line) -> SplitName:
    if text not in _SPLITS:
        raise line.fault("expected '<image> 1' for training or '<image> 0' for test")
    return _SPLITS[text]


def _label(text: str, line: Line, names: dict[int, str]) -> int:
    if not text.isdecimal() or int(text) not in names:
        raise line.fault(f"classes.txt names {len(names)} classes, none of them {text}")
    return list(names).index(int(text))


def _box(text: str, line: Line) -> Box:
    try:
        left, top, width, height = map(float, text.split())
    except ValueError as error:
        raise line.fault("expected '<image> <x> <y> <width> <height>' in pixels") from error
    return to_box(left, top, left + width, top + height, line.place)
