from pathlib import Path

import pytest

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection
from tatl_search.data.cub200 import open_cub200
from tatl_search.data.reading import UnusableImageError
from tatl_search.errors import InputError
from tests.data.layouts import BOX, TRAIN_AND_TEST, expected, plan, seen, write_cub200

IMAGES = plan(3, TRAIN_AND_TEST)


def read(root: Path, crop: bool = False) -> Collection:
    settings = DataSettings(source="cub200", path=str(root), crop_to_box=crop)
    return open_cub200(settings).read()


def test_images_labels_and_splits(tmp_path: Path) -> None:
    names = write_cub200(tmp_path, IMAGES)
    (tmp_path / "bounding_boxes.txt").unlink()
    collection = read(tmp_path)
    assert collection.class_names == names
    assert seen(collection) == expected(IMAGES, names)
    assert collection.names[1] == "images/002.Laysan_Albatross/Laysan_Albatross_0001_1.jpg"


def test_ids_need_no_order(tmp_path: Path) -> None:
    names = write_cub200(tmp_path, IMAGES)
    for listing in ("image_class_labels.txt", "train_test_split.txt"):
        file = tmp_path / listing
        file.write_text("\n".join(reversed(file.read_text().splitlines())))
    assert seen(read(tmp_path)) == expected(IMAGES, names)


def test_cut_to_the_bird(tmp_path: Path) -> None:
    names = write_cub200(tmp_path, IMAGES, boxed=True)
    collection = read(tmp_path, crop=True)
    assert seen(collection) == expected(IMAGES, names)
    assert collection.image(0).size == (BOX[2] - BOX[0], BOX[3] - BOX[1])
    boxed = open_cub200(DataSettings(source="cub200", path=str(tmp_path), crop_to_box=True))
    whole = open_cub200(DataSettings(source="cub200", path=str(tmp_path)))
    assert boxed.signature != whole.signature


def test_a_listed_image_that_is_missing_is_left_to_the_reader(tmp_path: Path) -> None:
    write_cub200(tmp_path, IMAGES)
    next((tmp_path / "images").rglob("*_0000_1.jpg")).unlink()
    collection = read(tmp_path)
    assert len(collection.labels) == 15
    with pytest.raises(UnusableImageError, match="No such file"):
        collection.image(0)


@pytest.mark.parametrize(
    ("listing", "line", "text", "message"),
    [
        ("images.txt", 2, "x a.jpg", r"images.txt, line 2: expected '<number> <value>' \(got 'x a"),
        ("images.txt", 2, "1 a.jpg", "images.txt, line 2: 1 stands already in line 1"),
        ("images.txt", 2, "99 a.jpg", "line 2: image_class_labels.txt has no line for image 99"),
        ("image_class_labels.txt", 2, "2 4", "line 2: classes.txt names 3 classes, none of them 4"),
        ("image_class_labels.txt", 2, "2 x", "image_class_labels.txt, line 2: classes.txt names"),
        ("image_class_labels.txt", 16, "16 3", "line 16: there is no image 16"),
        ("train_test_split.txt", 2, "2 2", "train_test_split.txt, line 2: expected '<image> 1'"),
        ("train_test_split.txt", 15, "", "line 15: train_test_split.txt has no line for image 15"),
        (
            "bounding_boxes.txt",
            2,
            "2 16 32 16",
            "bounding_boxes.txt, line 2: expected '<image> <x>",
        ),
        ("bounding_boxes.txt", 2, "2 -9 16 32 16", "bounding_boxes.txt, line 2: left, top, right"),
        ("bounding_boxes.txt", 1, "1 8 16 0 0", "bounding_boxes.txt, line 1: .* make no box"),
    ],
)
def test_contradictions_name_file_and_line(
    listing: str, line: int, text: str, message: str, tmp_path: Path
) -> None:
    write_cub200(tmp_path, IMAGES)
    file = tmp_path / listing
    lines = file.read_text().splitlines()
    lines[line - 1 : line] = [text]
    file.write_text("\n".join(lines))
    with pytest.raises(InputError, match=message):
        read(tmp_path, crop=True)


def test_listed_twice(tmp_path: Path) -> None:
    write_cub200(tmp_path, IMAGES)
    file = tmp_path / "images.txt"
    lines = file.read_text().splitlines()
    lines[14] = "15 " + lines[0].split()[1]
    file.write_text("\n".join(lines))
    with pytest.raises(
        InputError, match=r"jpg is listed in both train and test: .*images.txt, line 1; .*line 15"
    ):
        read(tmp_path)


@pytest.mark.parametrize("name", ["images.txt", "classes.txt", "train_test_split.txt"])
def test_missing_listing(name: str, tmp_path: Path) -> None:
    write_cub200(tmp_path, IMAGES)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing. data.path has to hold CUB_200_2011"):
        read(tmp_path)
    (tmp_path / name).write_text("\n \n")
    with pytest.raises(InputError, match=f"{name} is empty"):
        read(tmp_path)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"images/ is missing. data.path has to hold CUB_200_2011"):
        read(tmp_path)
