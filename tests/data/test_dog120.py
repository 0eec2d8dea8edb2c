from pathlib import Path

import pytest

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection
from tatl_search.data.dog120 import open_dog120
from tatl_search.errors import InputError
from tests.data.layouts import (
    TRAIN_AND_TEST,
    expected,
    plan,
    seen,
    write_dog120,
    write_dog_list,
    write_voc,
)

IMAGES = plan(3, TRAIN_AND_TEST)
CHIHUAHUA = "n02085620-Chihuahua/n02085620_0"


def read(root: Path, crop: bool = False) -> Collection:
    settings = DataSettings(source="dog120", path=str(root), crop_to_box=crop)
    return open_dog120(settings).read()


def test_images_labels_and_splits(tmp_path: Path) -> None:
    names = write_dog120(tmp_path, IMAGES)
    collection = read(tmp_path)
    assert collection.class_names == names
    assert seen(collection) == expected(IMAGES, names)
    assert collection.names[0] == f"Images/{CHIHUAHUA}.jpg"


def test_cut_to_the_dog(tmp_path: Path) -> None:
    names = write_dog120(tmp_path, IMAGES, boxed=True)
    assert seen(read(tmp_path, crop=True)) == expected(IMAGES, names)


def test_several_dogs_stay_one_image(tmp_path: Path) -> None:
    write_dog120(tmp_path, IMAGES, boxed=True)
    write_voc(tmp_path / "Annotation" / CHIHUAHUA, (8, 20, 20, 30), (16, 18, 38, 24))
    assert read(tmp_path, crop=True).image(0).size == (38 - 8, 30 - 18)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation>", "is no readable annotation: no element found"),
        ("<annotation></annotation>", "holds no <object> with a <bndbox>"),
        (
            "<annotation><object><bndbox><xmin>1</xmin></bndbox></object></annotation>",
            "is no readable annotation",
        ),
    ],
)
def test_annotations_that_are_none(text: str, message: str, tmp_path: Path) -> None:
    write_dog120(tmp_path, IMAGES)
    (tmp_path / "Annotation" / CHIHUAHUA).write_text(text)
    with pytest.raises(InputError, match=message):
        read(tmp_path, crop=True)


def test_boxes_without_area(tmp_path: Path) -> None:
    write_dog120(tmp_path, IMAGES)
    write_voc(tmp_path / "Annotation" / CHIHUAHUA, (8, 20, 8, 30))
    with pytest.raises(InputError, match=r"n02085620_0: left, top, .* \(8, 20, 8, 30\) make no"):
        read(tmp_path, crop=True)


def test_missing_annotations(tmp_path: Path) -> None:
    write_dog120(tmp_path, IMAGES)
    (tmp_path / "Annotation" / CHIHUAHUA).unlink()
    with pytest.raises(InputError, match="n02085620_0 is no readable annotation"):
        read(tmp_path, crop=True)
    (tmp_path / "Annotation").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"Annotation/ is missing. data.path has to hold"):
        read(tmp_path, crop=True)
    assert len(read(tmp_path).labels) == len(IMAGES)


@pytest.mark.parametrize(
    ("paths", "labels", "message"),
    [
        (["a-A/1", "a-A/2"], [1], "2 files in file_list, but 1 labels"),
        (["a-A/1", "b-B/2"], [1, 1], "entry 2: b-B/2.jpg has label 1, which is a-A elsewhere"),
        (["a-A/1", "b-B/2"], [1, 3], "do not count from 1 without gaps"),
        (["a-A/1", "b-B/2"], [0, 2], "do not count from 1 without gaps"),
        (["a-A/1", "a-A/2"], [1, 2], "give a folder of Images/ two labels"),
        (["a-A/1", "a-A/1"], [1, 1], "a-A/1.jpg is listed twice in train: .*train_list.mat, entry"),
    ],
)
def test_lists_that_contradict_themselves(
    paths: list[str], labels: list[int], message: str, tmp_path: Path
) -> None:
    (tmp_path / "Images").mkdir()
    write_dog_list(tmp_path / "train_list.mat", paths, labels)
    write_dog_list(tmp_path / "test_list.mat", ["a-A/9"], [1])
    with pytest.raises(InputError, match=message):
        read(tmp_path)


def test_trained_and_tested_on(tmp_path: Path) -> None:
    (tmp_path / "Images").mkdir()
    write_dog_list(tmp_path / "train_list.mat", ["a-A/1", "b-B/1"], [1, 2])
    write_dog_list(tmp_path / "test_list.mat", ["b-B/1"], [2])
    with pytest.raises(InputError, match=r"b-B/1.jpg is listed in both train and test"):
        read(tmp_path)


def test_missing_list(tmp_path: Path) -> None:
    write_dog120(tmp_path, IMAGES)
    (tmp_path / "test_list.mat").unlink()
    with pytest.raises(InputError, match=r"test_list.mat is missing. data.path has to hold Images"):
        read(tmp_path)
