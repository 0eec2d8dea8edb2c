"""Small sets in exactly the official layouts; image n is a JPEG all of grey n."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from tatl_search.data.collection import Collection, SplitName

SIZE = (48, 40)
BOX = (8, 16, 40, 32)
"""Left, top, right and lower edge; on the grid of JPEG's blocks, so that greys stay exact."""

OUTSIDE = 255
TRAIN_AND_TEST = {SplitName.TRAIN: 3, SplitName.TEST: 2}


@dataclass(frozen=True)
class Made:
    """One image of a set: its grey, the class it is of, and the split it is in."""

    number: int
    label: int
    split: SplitName


def plan(classes: int, per_class: Mapping[SplitName, int]) -> list[Made]:
    """Return images of all classes in each split, in turns, so that no order says the label."""
    images = [
        (label, split)
        for split, count in per_class.items()
        for _ in range(count)
        for label in range(classes)
    ]
    return [Made(number, label, split) for number, (label, split) in enumerate(images)]


def seen(collection: Collection) -> list[tuple[int, str, SplitName]]:
    """Return grey, class name and split of each image, by grey."""
    names, labels = collection.class_names, collection.labels
    return sorted(
        (grey(collection.image(i)), names[label], SplitName(split))
        for i, (label, split) in enumerate(zip(labels, collection.brought, strict=True))
    )


def expected(images: list[Made], names: tuple[str, ...]) -> list[tuple[int, str, SplitName]]:
    """Return what `seen` has to find."""
    return [(made.number, names[made.label], made.split) for made in images]


def grey(image: Image.Image) -> int:
    """Return the one grey of an image."""
    colours = np.unique(np.asarray(image))
    assert len(colours) == 1
    return int(colours[0])


def write_jpeg(path: Path, number: int, boxed: bool = False) -> None:
    """Write an image all of one grey or, boxed, with that grey inside BOX only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("L", SIZE, OUTSIDE if boxed else number)
    image.paste(number, BOX)
    image.save(path, format="JPEG", quality=100)


def write_lines(path: Path, lines: list[str]) -> None:
    """Write a listing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def write_voc(path: Path, *boxes: tuple[int, int, int, int]) -> None:
    """Write an annotation in Pascal VOC's XML."""
    objects = "".join(
        "<object><name>thing</name><bndbox>"
        f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{lower}</ymax>"
        "</bndbox></object>"
        for left, top, right, lower in boxes
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<annotation><folder>x</folder>{objects}</annotation>\n")


def write_flower102(root: Path, images: list[Made], folder: str = "jpg") -> tuple[str, ...]:
    """Write images, imagelabels.mat (one row of labels from 1) and setid.mat (image numbers)."""
    for made in images:
        write_jpeg(root / folder / f"image_{made.number + 1:05}.jpg", made.number)
    savemat(
        root / "imagelabels.mat", {"labels": np.array([[m.label + 1 for m in images]], np.uint8)}
    )
    keys = {SplitName.TRAIN: "trnid", SplitName.VAL: "valid", SplitName.TEST: "tstid"}
    ids = {
        key: np.array([[made.number + 1 for made in images if made.split == split]], np.uint16)
        for split, key in keys.items()
    }
    savemat(root / "setid.mat", ids)
    return ("pink primrose", "hard-leaved pocket orchid", "canterbury bells")


def write_cub200(root: Path, images: list[Made], boxed: bool = False) -> tuple[str, ...]:
    """Write `id value` listings, classes and images, `x y width height` boxes."""
    folders = ("001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Sooty_Albatross")
    paths = [f"{folders[m.label]}/{folders[m.label][4:]}_{m.number:04}_1.jpg" for m in images]
    for made, path in zip(images, paths, strict=True):
        write_jpeg(root / "images" / path, made.number, boxed)
    left, top, right, lower = BOX
    box = f"{left}.0 {top}.0 {right - left}.0 {lower - top}.0"
    columns: dict[str, Sequence[object]] = {
        "images.txt": paths,
        "image_class_labels.txt": [made.label + 1 for made in images],
        "train_test_split.txt": [int(made.split is SplitName.TRAIN) for made in images],
        "bounding_boxes.txt": [box for _ in images],
    }
    for name, values in columns.items():
        write_lines(root / name, [f"{i + 1} {value}" for i, value in enumerate(values)])
    write_lines(root / "classes.txt", [f"{i + 1} {name}" for i, name in enumerate(folders)])
    return ("Black footed Albatross", "Laysan Albatross", "Sooty Albatross")


def write_dog120(root: Path, images: list[Made], boxed: bool = False) -> tuple[str, ...]:
    """Write images, annotations without a suffix, and .mat lists of cells."""
    folders = ("n02085620-Chihuahua", "n02085782-Japanese_spaniel", "n02089078-black-and-tan")
    for split in (SplitName.TRAIN, SplitName.TEST):
        own = [made for made in images if made.split == split]
        paths = [f"{folders[m.label]}/{folders[m.label][:9]}_{m.number}" for m in own]
        for made, path in zip(own, paths, strict=True):
            write_jpeg(root / "Images" / f"{path}.jpg", made.number, boxed)
            write_voc(root / "Annotation" / path, BOX)
        write_dog_list(root / f"{split.folder}_list.mat", paths, [m.label + 1 for m in own])
    return ("Chihuahua", "Japanese spaniel", "black-and-tan")


def write_dog_list(file: Path, paths: list[str], labels: list[int]) -> None:
    """Write one list: cells of file and annotation names, and labels from 1, each a column."""
    files, annotations = np.empty((2, len(paths), 1), dtype=object)
    files[:, 0] = [f"{path}.jpg" for path in paths]
    annotations[:, 0] = paths
    column = np.array(labels, np.uint8)[:, None]
    savemat(file, {"file_list": files, "annotation_list": annotations, "labels": column})


def write_mit67(root: Path, images: list[Made]) -> tuple[str, ...]:
    """Write images in folders and two listings of `class/file`."""
    folders = ("airport_inside", "artstudio", "auditorium")
    listings: dict[SplitName, list[str]] = {SplitName.TRAIN: [], SplitName.TEST: []}
    for made in images:
        path = f"{folders[made.label]}/scene {made.number}.jpg"
        write_jpeg(root / "Images" / path, made.number)
        listings[made.split].append(path)
    write_lines(root / "TrainImages.txt", listings[SplitName.TRAIN])
    write_lines(root / "TestImages.txt", listings[SplitName.TEST])
    return ("airport inside", "artstudio", "auditorium")


def write_stanford40(root: Path, images: list[Made], boxed: bool = False) -> tuple[str, ...]:
    """Write images in one folder, two listings an action and all together, and annotations."""
    actions = ("applauding", "blowing_bubbles", "riding_a_bike")
    names = [f"{actions[made.label]}_{made.number:03}.jpg" for made in images]
    for made, name in zip(images, names, strict=True):
        write_jpeg(root / "JPEGImages" / name, made.number, boxed)
        write_voc(root / "XMLAnnotations" / name.replace(".jpg", ".xml"), BOX)
    splits = root / "ImageSplits"
    for split in (SplitName.TRAIN, SplitName.TEST):
        own = [name for made, name in zip(images, names, strict=True) if made.split == split]
        write_lines(splits / f"{split.folder}.txt", own)
        for action in actions:
            of_action = [name for name in own if name.startswith(action)]
            write_lines(splits / f"{action}_{split.folder}.txt", of_action)
    rows = [f"{action}\t\t{len(images)}" for action in actions]
    write_lines(splits / "actions.txt", ["action_name\tnumber_of_images", *rows])
    return ("applauding", "blowing bubbles", "riding a bike")


OFFICIAL: Mapping[str, Callable[[Path, list[Made]], tuple[str, ...]]] = {
    "flower102": write_flower102,
    "cub200": write_cub200,
    "dog120": write_dog120,
    "mit67": write_mit67,
    "stanford40": write_stanford40,
}
