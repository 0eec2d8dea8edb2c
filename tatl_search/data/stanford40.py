"""Stanford40: 40 actions of people (Yao et al. 2011, ICCV), 100 training images each."""

from collections.abc import Iterator
from pathlib import Path

from tatl_search.config import DataSettings
from tatl_search.data.boxes import read_voc_box
from tatl_search.data.collection import Source, SplitName, source_folder
from tatl_search.data.image_files import ImageFile, source_of_files
from tatl_search.data.listing import Listed, read_lines, require_folder, spoken

_LAYOUT = (
    "JPEGImages/ and ImageSplits/ with actions.txt, <action>_train.txt and <action>_test.txt"
    " (and XMLAnnotations/ for crop_to_box)"
)
_HEAD = "action_name"


def open_stanford40(settings: DataSettings) -> Source:
    """Return the set in its official layout; train and test are brought.

    Boxes are those around the person who acts.

    Raises:
        InputError: a listing or box is missing or contradicts another; the message says where.
    """
    root = source_folder(settings)
    require_folder(root / "JPEGImages", _LAYOUT)
    if settings.crop_to_box:
        require_folder(root / "XMLAnnotations", _LAYOUT)
    actions = _actions(root)
    listed = Listed()
    files = [
        file
        for label, action in enumerate(actions)
        for file in _files(root, action, label, listed, settings.crop_to_box)
    ]
    return source_of_files(root, [spoken(action) for action in actions], files)


def _actions(root: Path) -> list[str]:
    """Return the actions; their file has a head line and a count in each row."""
    lines = read_lines(root / "ImageSplits" / "actions.txt", _LAYOUT)
    actions: list[str] = []
    for line in lines:
        action = line.text.split()[0]
        if action in actions:
            raise line.fault("the action stands there twice")
        if action != _HEAD:
            actions.append(action)
    return actions


def _files(root: Path, action: str, label: int, listed: Listed, boxed: bool) -> Iterator[ImageFile]:
    for split in (SplitName.TRAIN, SplitName.TEST):
        for line in read_lines(root / "ImageSplits" / f"{action}_{split.folder}.txt", _LAYOUT):
            listed.add(line.text, split, line.place)
            path = root / "JPEGImages" / line.text
            annotation = root / "XMLAnnotations" / f"{path.stem}.xml"
            yield ImageFile(path, split, label, read_voc_box(annotation) if boxed else None)
