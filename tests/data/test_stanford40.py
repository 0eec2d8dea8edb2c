from pathlib import Path

import pytest

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection
from tatl_search.data.stanford40 import open_stanford40
from tatl_search.errors import InputError
from tests.data.layouts import TRAIN_AND_TEST, expected, plan, seen, write_stanford40

IMAGES = plan(3, TRAIN_AND_TEST)


def read(root: Path, crop: bool = False) -> Collection:
    settings = DataSettings(source="stanford40", path=str(root), crop_to_box=crop)
    return open_stanford40(settings).read()


def test_images_labels_and_splits(tmp_path: Path) -> None:
    names = write_stanford40(tmp_path, IMAGES)
    collection = read(tmp_path)
    assert collection.class_names == names
    assert seen(collection) == expected(IMAGES, names)
    assert collection.names[0] == "JPEGImages/applauding_000.jpg"


def test_cut_to_the_person(tmp_path: Path) -> None:
    names = write_stanford40(tmp_path, IMAGES, boxed=True)
    assert seen(read(tmp_path, crop=True)) == expected(IMAGES, names)


def test_an_image_of_two_actions(tmp_path: Path) -> None:
    write_stanford40(tmp_path, IMAGES)
    with (tmp_path / "ImageSplits" / "riding_a_bike_train.txt").open("a") as file:
        file.write("applauding_000.jpg\n")
    with pytest.raises(InputError, match=r"applauding_000.jpg is listed twice in train: .*line 4"):
        read(tmp_path)


def test_trained_and_tested_on(tmp_path: Path) -> None:
    write_stanford40(tmp_path, IMAGES)
    with (tmp_path / "ImageSplits" / "applauding_test.txt").open("a") as file:
        file.write("applauding_000.jpg\n")
    with pytest.raises(InputError, match=r"applauding_000.jpg is listed in both train and test"):
        read(tmp_path)


def test_an_action_without_lists(tmp_path: Path) -> None:
    write_stanford40(tmp_path, IMAGES)
    with (tmp_path / "ImageSplits" / "actions.txt").open("a") as file:
        file.write("cooking\t288\n")
    with pytest.raises(InputError, match=r"cooking_train.txt is missing. data.path has to hold"):
        read(tmp_path)
    with (tmp_path / "ImageSplits" / "actions.txt").open("a") as file:
        file.write("cooking\t288\n")
    with pytest.raises(InputError, match=r"actions.txt, line 6: the action stands there twice"):
        read(tmp_path)


@pytest.mark.parametrize("part", ["JPEGImages", "XMLAnnotations", "ImageSplits"])
def test_missing_parts(part: str, tmp_path: Path) -> None:
    write_stanford40(tmp_path, IMAGES)
    (tmp_path / part).rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=rf"{part}/.* ?is missing. data.path has to hold"):
        read(tmp_path, crop=True)


def test_a_missing_annotation(tmp_path: Path) -> None:
    write_stanford40(tmp_path, IMAGES)
    (tmp_path / "XMLAnnotations" / "applauding_000.xml").unlink()
    with pytest.raises(InputError, match=r"applauding_000.xml is no readable annotation"):
        read(tmp_path, crop=True)
