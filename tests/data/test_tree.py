"""Folders of systems, links and names of any bytes in a tree of images."""

import os
from pathlib import Path

import pytest
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.sources import load_pack
from tatl_search.errors import InputError
from tests.data.made import read_folder, write_tree

OF_SYSTEMS = (
    "@eaDir", ".AppleDouble", "__MACOSX", "#recycle", "$RECYCLE.BIN", "System Volume Information",
    ".Trash-1000", ".thumbnails", "lost+found", "@Recycle", "#snapshot", ".ipynb_checkpoints",
    "__pycache__",
)  # fmt: skip
SYSTEM_FILES = ("Thumbs.db", "desktop.ini", ".DS_Store", "._000.png", "~$labels.xlsx", "Icon\r")


@pytest.mark.parametrize("name", OF_SYSTEMS)
def test_folders_of_systems_are_no_classes_and_hold_no_images(name: str, tmp_path: Path) -> None:
    places = (name, f"train/{name}", f"train/cat/{name}", f"val/dog/{name}/inner")
    classes = {f"{split}/{animal}": 2 for split in ("train", "val") for animal in ("cat", "dog")}
    collection = read_folder(write_tree(tmp_path, {**classes, **dict.fromkeys(places, 1)}))
    assert collection.class_names == ("cat", "dog")
    assert len(collection.labels) == 8
    assert collection.notes == (f"left out as hidden or a system's own: {name} (4)",)


def test_files_of_systems_are_counted_once_a_kind(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"cat": 2, "dog": 2})
    for name in SYSTEM_FILES:
        (root / "cat" / name).write_bytes(b"x")
    (root / "dog" / "._001.png").write_bytes(b"x")
    collection = read_folder(root)
    assert [name for name in collection.names if not name.endswith(".png")] == []
    (note,) = collection.notes
    for kind in ("._* (2)", "Thumbs.db (1)", ".DS_Store (1)", "~$* (1)", "desktop.ini (1)"):
        assert kind in note


def test_what_is_left_out_is_told_from_the_packed_file_too(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"cat": 6, "dog": 6, "cat/@eaDir": 6})
    settings = DataSettings(source="folder", path=str(root), image_size=16)
    load_pack(settings, tmp_path / "cache")
    pack = load_pack(settings, tmp_path / "cache")
    assert len(pack) == 12
    assert pack.notes == ("left out as hidden or a system's own: @eaDir (1)",)


@pytest.mark.parametrize("target", ["..", "../..", ".", "../dog", "deep/..", "/"])
def test_a_link_to_a_folder_that_is_read_anyway_adds_nothing(target: str, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "images", {"cat": 2, "cat/deep": 1, "dog": 2})
    (root / "cat" / "loop").symlink_to(target, target_is_directory=True)
    collection = read_folder(root)
    assert [collection.class_names[label] for label in collection.labels] == ["cat"] * 3 + [
        "dog"
    ] * 2
    assert collection.notes == (
        "folders left out, since they are read under another name: cat/loop",
    )


def test_images_count_where_they_lie_whatever_the_order(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"cat": 1, "dog": 1, "dog/puppies": 3})
    (root / "cat" / "a").symlink_to("../dog/puppies", target_is_directory=True)
    collection = read_folder(root)
    assert collection.labels.tolist() == [0, 1, 1, 1, 1]


def test_links_to_images_elsewhere_are_followed_in_the_order_of_names(tmp_path: Path) -> None:
    elsewhere = write_tree(tmp_path / "elsewhere", {"store": 2, "store/more": 1, "other": 1})
    root = write_tree(tmp_path / "images", {"cat": 1, "cat/z": 1, "dog": 1})
    (root / "cat" / "linked").symlink_to(elsewhere / "store", target_is_directory=True)
    (root / "cat" / "one.png").symlink_to(elsewhere / "other" / "000.png")
    (elsewhere / "store" / "back").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "store" / "other").symlink_to(elsewhere / "other", target_is_directory=True)
    assert list(read_folder(root).names) == [
        "cat/000.png", "cat/one.png",
        "cat/linked/000.png", "cat/linked/001.png", "cat/linked/more/000.png",
        "cat/linked/other/000.png",
        "cat/z/000.png",
        "dog/000.png",
    ]  # fmt: skip


def test_a_class_that_is_a_link_and_a_link_to_itself(tmp_path: Path) -> None:
    elsewhere = write_tree(tmp_path / "elsewhere", {"dogs": 2})
    root = write_tree(tmp_path / "images", {"cat": 2})
    (root / "dog").symlink_to(elsewhere / "dogs", target_is_directory=True)
    (root / "cat" / "self").symlink_to("self")
    collection = read_folder(root)
    assert collection.labels.tolist() == [0, 0, 0, 1, 1]
    assert collection.names[2] == "cat/self"  # as a file that cannot be read


@pytest.mark.parametrize(
    ("link", "target", "named"),
    [
        ("val", "train", ("val and", "train are the same")),
        ("train/puma", "train/cat", ("puma", "cat")),
        ("train/all", "train", ("all", "train")),
    ],
)
def test_one_folder_under_two_labels_or_splits_is_refused(
    link: str, target: str, named: tuple[str, ...], tmp_path: Path
) -> None:
    root = write_tree(tmp_path, {"train/cat": 2, "train/dog": 2})
    (root / link).symlink_to(root / target, target_is_directory=True)
    with pytest.raises(InputError, match="are the same folder") as caught:
        read_folder(root)
    for part in named:
        assert part in str(caught.value)


@pytest.mark.parametrize("places", [("", ""), ("train", "val")])
def test_names_whose_bytes_read_like_another_name_are_refused(
    places: tuple[str, str], tmp_path: Path
) -> None:
    split = "train/" if places[0] else ""
    root = write_tree(tmp_path, {f"{split}dog": 1})
    for place, name in zip(places, (b"caf\xe9", rb"caf\xe9"), strict=True):
        folder = Path(os.fsdecode(os.fsencode(root / place) + b"/" + name))
        folder.mkdir(parents=True)
        Image.new("RGB", (20, 20)).save(folder / "a.png")
    with pytest.raises(InputError) as caught:
        read_folder(root)
    assert r"b'caf\xe9'" in str(caught.value)
    assert r"b'caf\\xe9'" in str(caught.value)


def test_both_forms_of_a_name_are_one_class(tmp_path: Path) -> None:
    """As on disks of macOS, whose zip files hold the decomposed form."""
    root = write_tree(
        tmp_path,
        {"train/caf\u00e9": 2, "train/cafe\u0301": 3, "train/dog": 1, "val/cafe\u0301": 1},
    )
    collection = read_folder(root)
    assert collection.class_names == ("caf\u00e9", "dog")
    assert collection.labels.tolist() == [0] * 5 + [1, 0]


def test_a_tree_of_many_levels_is_read_folder(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 300)
    collection = read_folder(write_tree(tmp_path, {f"cat/{deep}": 1, "dog": 1}))
    assert collection.labels.tolist() == [0, 1]
