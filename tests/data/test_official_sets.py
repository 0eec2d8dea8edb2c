"""The official sets by name, from the listings to the splits a network is trained on."""

from pathlib import Path

import numpy as np
import pytest

from tatl_search.config import SOURCES, DataSettings
from tatl_search.data import TargetData, load_target
from tatl_search.data.collection import SplitName
from tatl_search.registry import attribute
from tests.data.layouts import OFFICIAL, Made, plan, write_mit67
from tests.data.made import colours

IMAGES = plan(3, {SplitName.TRAIN: 5, SplitName.TEST: 2})


def load(name: str, root: Path) -> TargetData:
    return load_target(DataSettings(source=name, path=str(root), image_size=16))


def test_every_source_of_the_settings_can_be_opened() -> None:
    openers = [SOURCES[name].open for name in SOURCES.builtin]
    assert all(callable(attribute(place)) for place in openers if isinstance(place, str))


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_test_images_are_the_test_split(name: str, tmp_path: Path) -> None:
    """Of five training images a class, one is cut for validation: none of these sets brings it."""
    names = OFFICIAL[name](tmp_path, IMAGES)
    target = load(name, tmp_path)
    assert target.class_names == names
    splits = {
        SplitName.TRAIN: target.train,
        SplitName.VAL: target.val,
        SplitName.TEST: target.open_test("test of the splits"),
    }
    assert [np.bincount(split.labels).tolist() for split in splits.values()] == [
        [4, 4, 4], [1, 1, 1], [2, 2, 2]
    ]  # fmt: skip
    by_grey = {made.number: made for made in IMAGES}
    for where, split in splits.items():
        for (red, _, _), label in zip(colours(split), split.labels, strict=True):
            made = by_grey.pop(red)
            assert made.label == label
            assert (made.split is SplitName.TEST) == (where is SplitName.TEST)
    assert not by_grey


def test_flower102_brings_validation(tmp_path: Path) -> None:
    images = plan(3, {SplitName.TRAIN: 2, SplitName.VAL: 3, SplitName.TEST: 1})
    OFFICIAL["flower102"](tmp_path, images)
    target = load("flower102", tmp_path)
    assert (len(target.train.labels), len(target.val.labels)) == (6, 9)
    assert sorted(red for red, _, _ in colours(target.val)) == list(range(6, 15))


def test_listed_images_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    write_mit67(tmp_path, [*IMAGES, Made(99, 0, SplitName.TRAIN), Made(98, 0, SplitName.TEST)])
    (tmp_path / "Images" / "airport_inside" / "scene 99.jpg").unlink()
    (tmp_path / "Images" / "airport_inside" / "scene 98.jpg").write_text("no image")
    target = load("mit67", tmp_path)
    assert target.notes[:2] == (
        "left out: Images/airport_inside/scene 99.jpg (No such file or directory)",
        "left out: Images/airport_inside/scene 98.jpg (not an image)",
    )
    assert len(target.train.labels) == 12
