import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection, Source, SplitName
from tatl_search.data.folder import open_folder
from tatl_search.data.reading import UnusableImageError
from tatl_search.errors import InputError
from tests.data.made import write_tree


def source(root: Path) -> Source:
    return open_folder(DataSettings(source="folder", path=str(root)))


def read(root: Path) -> Collection:
    return source(root).read()


def colours(collection: Collection) -> list[object]:
    return [collection.image(i).getpixel((0, 0)) for i in range(len(collection.labels))]


def test_split_folders(tmp_path: Path) -> None:
    root = write_tree(
        tmp_path, {"train/dog": 2, "train/cat": 1, "val/cat": 1, "test/dog": 1, "test/cat": 1}
    )
    collection = read(root)
    assert collection.class_names == ("cat", "dog")
    train, val, test = SplitName
    assert collection.brought.tolist() == [train] * 3 + [val] + [test] * 2
    assert collection.labels.tolist() == [0, 1, 1, 0, 0, 1]
    # The first number is that of the folder in the dict above.
    assert colours(collection) == [(1, 0, 7), (0, 0, 7), (0, 1, 7), (2, 0, 7), (4, 0, 7), (3, 0, 7)]
    assert collection.notes == ()


def test_plain_tree(tmp_path: Path) -> None:
    collection = read(write_tree(tmp_path, {"b": 1, "a": 2}))
    assert collection.class_names == ("a", "b")
    assert collection.labels.tolist() == [0, 0, 1]
    assert (collection.brought == SplitName.TRAIN).all()


def test_vehicles_may_be_called_train(tmp_path: Path) -> None:
    assert read(write_tree(tmp_path, {"train": 2, "tram": 2})).class_names == ("train", "tram")


def test_nested_and_hidden_files(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"a/left": 2, "a/right": 1, "b": 2, ".git/x": 1, "a/.thumbs": 3})
    (root / "a" / ".DS_Store").write_bytes(b"x")
    (root / "README.txt").write_text("beside the classes")
    collection = read(root)
    assert collection.labels.tolist() == [0, 0, 0, 1, 1]
    assert collection.notes == (
        "left out as hidden or a system's own: .git (1), .DS_Store (1), .thumbs (1)",
    )


def test_files_that_are_no_images_are_listed_and_refused_one_by_one(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"train/a": 2, "train/b": 2, "unlabelled/x": 1})
    (root / "train/a/notes.txt").write_text("hello")
    collection = read(root)
    assert collection.notes == (
        "folder unlabelled/ is not used: splits are train/, val/ and test/",
    )
    assert list(collection.names) == [
        *("train/a/000.png", "train/a/001.png", "train/a/notes.txt"),
        *("train/b/000.png", "train/b/001.png"),
    ]
    with pytest.raises(UnusableImageError, match="not an image"):
        collection.image(2)


@pytest.mark.parametrize("split", ["", "train"])
def test_images_and_broken_links_beside_the_classes_are_named(split: str, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "images", {os.path.join(split, name): 2 for name in "ab"})
    shutil.copy(root / split / "a/000.png", root / split / "x.png")
    (root / split / "labels.csv").write_text("path,label")
    (root / split / "LICENSE").write_text("free")
    (root / split / "c").symlink_to("/no/such/disk/c")
    names = (os.path.join(split, name) for name in ("c", "x.png"))
    assert read(root).notes == (
        f"not used, since they lie in no class's folder: {', '.join(names)}",
    )


def test_file_names_of_any_bytes(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"a": 1, "b": 1})
    Path(os.fsdecode(os.fsencode(root / "a") + b"/\xff.jpg")).write_bytes(b"x")
    assert list(read(root).names) == ["a/000.png", r"a/\xff.jpg", "b/000.png"]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({}, "holds no classes"),
        ({"train/a": 1, "train/b": 1, "val/a": 1, "val/c": 1}, "val/ has classes .* has not: c"),
        ({"val/a": 1, "val/b": 1, "test/a": 1}, "has val/, test/ but no train/"),
        ({"train/a": 1, "train/b": 1, "val": 0}, "val holds no classes"),
        ({"train/a": 1, "train/b": 1, "val/a": 0}, "val holds no images"),
        ({"a": 0, "b": 0}, "holds no images"),
    ],
)
def test_trees_that_are_none(counts: dict[str, int], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(write_tree(tmp_path, counts))


def test_path_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere does not exist"):
        source(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file is no folder"):
        source(tmp_path / "file")


def test_signature_changes_with_the_files(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"a": 2, "b": 2})
    seen = [source(root).signature]
    assert source(root).signature == seen[0]
    image = root / "a" / "000.png"
    os.utime(image, ns=(1, 1))
    seen.append(source(root).signature)
    image.write_bytes(image.read_bytes() + b"x")
    os.utime(image, ns=(1, 1))
    seen.append(source(root).signature)
    image.rename(root / "a" / "zzz.png")
    seen.append(source(root).signature)
    (root / "c").mkdir()
    seen.append(source(root).signature)
    (root / "b" / "001.png").unlink()
    seen.append(source(root).signature)
    assert len(set(seen)) == len(seen)


def test_the_order_of_images_does_not_depend_on_the_file_system(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in np.random.default_rng(0).permutation(30)]
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in names:
            value = int(name.removesuffix(".png"))
            Image.new("L", (16, 16), value).save(tmp_path / folder / name)
    found = colours(read(tmp_path))
    assert found[:30] == [(int(name.removesuffix(".png")),) * 3 for name in sorted(names)]
