"""Flower102: 102 flowers (Nilsback & Zisserman 2008, ICVGIP)."""

from pathlib import Path

import numpy as np

from tatl_search.config import DataSettings
from tatl_search.data.collection import Source, SplitName, folder_to_fill, source_folder
from tatl_search.data.image_files import ImageFile, source_of_files
from tatl_search.data.listing import Listed
from tatl_search.data.mat import read_mat
from tatl_search.data.target import Labels
from tatl_search.errors import InputError

_LAYOUT = (
    "imagelabels.mat, setid.mat and the images image_00001.jpg, ... in 102flowers/ or jpg/"
    " (--set data.download=true fetches them)"
)
_LABELS = "imagelabels.mat"
_IMAGES = ("102flowers", "jpg")
_SPLITS = {SplitName.TRAIN: "trnid", SplitName.VAL: "valid", SplitName.TEST: "tstid"}
_FETCHED = "flowers-102"
"""Folder of torchvision's download."""

_CATEGORIES = """
pink primrose, hard-leaved pocket orchid, canterbury bells, sweet pea, english marigold,
tiger lily, moon orchid, bird of paradise, monkshood, globe thistle, snapdragon, colt's foot,
king protea, spear thistle, yellow iris, globe-flower, purple coneflower, peruvian lily,
balloon flower, giant white arum lily, fire lily, pincushion flower, fritillary, red ginger,
grape hyacinth, corn poppy, prince of wales feathers, stemless gentian, artichoke,
sweet william, carnation, garden phlox, love in the mist, mexican aster, alpine sea holly,
ruby-lipped cattleya, cape flower, great masterwort, siam tulip, lenten rose, barbeton daisy,
daffodil, sword lily, poinsettia, bolero deep blue, wallflower, marigold, buttercup,
oxeye daisy, common dandelion, petunia, wild pansy, primula, sunflower, pelargonium,
bishop of llandaff, gaura, geranium, orange dahlia, pink-yellow dahlia, cautleya spicata,
japanese anemone, black-eyed susan, silverbush, californian poppy, osteospermum,
spring crocus, bearded iris, windflower, tree poppy, gazania, azalea, water lily, rose,
thorn apple, morning glory, passion flower, lotus, toad lily, anthurium, frangipani, clematis,
hibiscus, columbine, desert-rose, tree mallow, magnolia, cyclamen, watercress, canna lily,
hippeastrum, bee balm, ball moss, foxglove, bougainvillea, camellia, mallow, mexican petunia,
bromelia, blanket flower, trumpet creeper, blackberry lily
"""
# By label; the set's files hold numbers only. From the authors' page of categories.
_NAMES = tuple(name.strip() for name in _CATEGORIES.split(","))


def open_flower102(settings: DataSettings) -> Source:
    """Return the set in its official layout; train, val and test are brought.

    The official training split is the small one (1,020 images, ten a class, and as many in val;
    6,149 in test). With `download`, torchvision fetches into `flowers-102/` what is not there.

    Raises:
        InputError: files are missing, or the two .mat files contradict each other.
    """
    root = _fetched(settings) if settings.download else source_folder(settings)
    if (root / _FETCHED).is_dir():
        root /= _FETCHED
    labels = _labels(root / _LABELS)
    images = _images(root)
    listed = Listed()
    files = []
    for split, numbers in _numbers(root / "setid.mat", len(labels)).items():
        for number in numbers:
            path = images / f"image_{number:05}.jpg"
            listed.add(path.name, split, f"{_SPLITS[split]} of {root / 'setid.mat'}")
            files.append(ImageFile(path, split, int(labels[number - 1]) - 1))
    return source_of_files(root, _NAMES[: int(labels.max())], files)


def _fetched(settings: DataSettings) -> Path:
    # Imported here: only a download needs it.
    from torchvision.datasets import Flowers102

    root = folder_to_fill(settings)
    if (root / _LABELS).is_file():
        return root
    try:
        Flowers102(str(root), download=True)
    except (OSError, RuntimeError) as error:
        raise InputError(f"Flower102 could not be fetched into {root}: {error}") from error
    return root


def _images(root: Path) -> Path:
    for name in _IMAGES:
        if (root / name).is_dir():
            return root / name
    raise InputError(f"{root / _IMAGES[0]}/ is missing. data.path has to hold {_LAYOUT}.")


def _labels(file: Path) -> Labels:
    (labels,) = read_mat(file, ("labels",), _LAYOUT)
    wrong = np.flatnonzero((labels < 1) | (labels > len(_NAMES)))
    if len(wrong):
        raise InputError(
            f"{file}: image {wrong[0] + 1} has label {labels[wrong[0]]}; labels are 1 to"
            f" {len(_NAMES)}"
        )
    return labels.astype(np.int64)


def _numbers(file: Path, images: int) -> dict[SplitName, list[int]]:
    """Return the images of each split by their number, counted from 1."""
    columns = read_mat(file, tuple(_SPLITS.values()), _LAYOUT)
    for key, numbers in zip(_SPLITS.values(), columns, strict=True):
        wrong = numbers[(numbers < 1) | (numbers > images)]
        if len(wrong):
            raise InputError(
                f"{file}: {key} names image {wrong[0]}, but imagelabels.mat has {images} images"
            )
    return {split: numbers.tolist() for split, numbers in zip(_SPLITS, columns, strict=True)}
