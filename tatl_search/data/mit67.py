"""MIT67: 67 indoor scenes (Quattoni & Torralba 2009, CVPR), 80 training and 20 test images each."""

from tatl_search.config import DataSettings
from tatl_search.data.collection import Source, SplitName, source_folder
from tatl_search.data.image_files import ImageFile, source_of_files
from tatl_search.data.listing import Line, Listed, read_lines, require_folder, spoken

_LAYOUT = "Images/<class>/*, TrainImages.txt and TestImages.txt"
_LISTINGS = {SplitName.TRAIN: "TrainImages.txt", SplitName.TEST: "TestImages.txt"}


def open_mit67(settings: DataSettings) -> Source:
    """Return the set in its official layout; train and test are brought.

    Images on disk that neither listing names, most of the 15,620, are not used. Some files named
    .jpg are GIF or PNG inside; they are read as what they are.

    Raises:
        InputError: a listing is missing or contradicts the other; the message names file and line.
    """
    root = source_folder(settings)
    require_folder(root / "Images", _LAYOUT)
    lines = {split: read_lines(root / name, _LAYOUT) for split, name in _LISTINGS.items()}
    folders = sorted({_folder(line) for line in lines[SplitName.TRAIN]})
    listed = Listed()
    files = []
    for split, own in lines.items():
        for line in own:
            if _folder(line) not in folders:
                raise line.fault(f"{_LISTINGS[SplitName.TRAIN]} has no image of this class")
            listed.add(line.text, split, line.place)
            path = root / "Images" / line.text
            files.append(ImageFile(path, split, folders.index(_folder(line))))
    return source_of_files(root, [spoken(folder) for folder in folders], files)


def _folder(line: Line) -> str:
    folder, slash, name = line.text.partition("/")
    if not (folder and slash and name):
        raise line.fault("expected '<class>/<file>'")
    return folder
