from pathlib import Path

import pytest
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection
from tatl_search.data.mit67 import open_mit67
from tatl_search.errors import InputError
from tests.data.layouts import TRAIN_AND_TEST, expected, plan, seen, write_mit67

IMAGES = plan(3, TRAIN_AND_TEST)


def read(root: Path) -> Collection:
    return open_mit67(DataSettings(source="mit67", path=str(root))).read()


def test_images_labels_and_splits(tmp_path: Path) -> None:
    names = write_mit67(tmp_path, IMAGES)
    Image.new("L", (20, 20)).save(tmp_path / "Images" / "artstudio" / "unlisted.jpg")
    collection = read(tmp_path)
    assert collection.class_names == names
    assert seen(collection) == expected(IMAGES, names)


def test_blanks_and_line_ends_of_windows(tmp_path: Path) -> None:
    names = write_mit67(tmp_path, IMAGES)
    for name in ("TrainImages.txt", "TestImages.txt"):
        lines = (tmp_path / name).read_text().splitlines()
        (tmp_path / name).write_bytes("  \r\n".join(lines).encode())
    assert seen(read(tmp_path)) == expected(IMAGES, names)


@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_files_of_another_kind_than_their_name(kind: str, tmp_path: Path) -> None:
    names = write_mit67(tmp_path, IMAGES)
    Image.new("L", (20, 20), 0).save(
        tmp_path / "Images" / "airport_inside" / "scene 0.jpg", format=kind
    )
    assert seen(read(tmp_path)) == expected(IMAGES, names)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("artstudio", r"TestImages.txt, line 7: expected '<class>/<file>' \(got 'artstudio'\)"),
        ("attic/a.jpg", "line 7: TrainImages.txt has no image of this class"),
        (
            "artstudio/scene 1.jpg",
            "artstudio/scene 1.jpg is listed in both train and test: .*TrainImages.txt, line 2;"
            " .*TestImages.txt, line 7",
        ),
    ],
)
def test_contradictions_name_file_and_line(line: str, message: str, tmp_path: Path) -> None:
    write_mit67(tmp_path, IMAGES)
    with (tmp_path / "TestImages.txt").open("a") as file:
        file.write(line)
    with pytest.raises(InputError, match=message):
        read(tmp_path)


def test_missing_parts(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"Images/ is missing. data.path has to hold Images/<class>"
    ):
        read(tmp_path)
    write_mit67(tmp_path, IMAGES)
    (tmp_path / "TestImages.txt").unlink()
    with pytest.raises(InputError, match=r"TestImages.txt is missing. data.path has to hold"):
        read(tmp_path)


def test_listings_that_are_no_text(tmp_path: Path) -> None:
    write_mit67(tmp_path, IMAGES)
    (tmp_path / "TrainImages.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"TrainImages.txt cannot be read: .* decode"):
        read(tmp_path)
