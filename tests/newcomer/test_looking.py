"""What is seen of images of every source before any is packed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.publishing import publish
from tatl_search.data.sources import load_pack, origin_of
from tatl_search.data.splits import cut
from tatl_search.errors import InputError
from tatl_search.newcomer.looking import HEADS, look_at
from tests.data.made import write_idx_set, write_tree

COUNTS = {"cat": 30, "dog": 10}


def folder(root: Path, **others: Any) -> DataSettings:
    return DataSettings(source="folder", path=str(root), **others)


def test_a_folder(tmp_path: Path) -> None:
    facts = look_at(folder(write_tree(tmp_path / "images", COUNTS)))
    assert facts.source == f"folder {tmp_path / 'images'}"
    assert facts.class_names == ("cat", "dog")
    assert facts.train == (19, 6)  # a fifth for test, then a fifth of the rest
    assert (facts.val, facts.test, facts.brought) == (7, 8, ())
    assert facts.short_sides == (20, 20, 20)  # of 20 x 24
    assert (facts.is_grey, facts.fixed_side, facts.looked_at) == (False, None, 40)
    assert facts.imbalance == pytest.approx(19 / 6)


def test_splits_that_are_brought_stay(tmp_path: Path) -> None:
    tree = {"train/a": 5, "train/b": 5, "val/a": 2, "val/b": 1, "test/a": 4, "test/b": 3}
    facts = look_at(folder(write_tree(tmp_path / "images", tree)))
    assert (facts.train, facts.val, facts.test) == ((5, 5), 3, 7)
    assert facts.brought == ("val", "test")


@pytest.mark.parametrize("settings", [{}, {"per_class": 4}, {"test_share": 0.5, "split_seed": 3}])
def test_the_cuts_are_those_of_the_sweep(tmp_path: Path, settings: dict[str, object]) -> None:
    images = folder(write_tree(tmp_path / "images", COUNTS), image_size=16, **settings)
    facts, pack = look_at(images), load_pack(images)
    parts = cut(pack, images)
    sizes = {split.folder: len(rows) for split, rows in parts.items()}
    assert {"train": facts.images, "val": facts.val, "test": facts.test} == sizes


def test_digits() -> None:
    facts = look_at(DataSettings(source="digits"))
    assert (len(facts.class_names), facts.images, facts.val, facts.test) == (10, 1151, 287, 359)
    assert (facts.short_sides, facts.is_grey, facts.looked_at) == ((8, 8, 8), True, HEADS)


def test_idx_files(tmp_path: Path) -> None:
    write_idx_set(tmp_path, [0, 1] * 10, [0, 1])
    facts = look_at(DataSettings(source="idx", path=str(tmp_path)))
    assert (facts.train, facts.val, facts.test, facts.brought) == ((8, 8), 4, 2, ("test",))
    assert (facts.short_sides, facts.is_grey) == ((28, 28, 28), True)


def test_a_table(tmp_path: Path) -> None:
    write_tree(tmp_path, COUNTS)
    rows = [f"{name}/{n:03}.png,{name}" for name, count in COUNTS.items() for n in range(count)]
    (tmp_path / "images.csv").write_text("\n".join(("path,label", *rows)), encoding="utf-8")
    facts = look_at(DataSettings(source="table", path=str(tmp_path / "images.csv")))
    assert facts.train == look_at(folder(tmp_path)).train


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_a_packed_file(tmp_path: Path, mode: str) -> None:
    for name in ("a", "b"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for n in range(6):
            colour = (51 * n, 51 * n, 51 * n) if mode == "L" else (51 * n, 0, 102)
            Image.new("RGB", (30, 30), colour).convert(mode).save(
                tmp_path / f"images/{name}/{n}.png"
            )
    images = folder(tmp_path / "images", image_size=24)
    publish(origin_of(images), str(tmp_path / "some.arrow"))
    facts = look_at(DataSettings(source="packed", path=str(tmp_path / "some.arrow")))
    assert (facts.fixed_side, facts.short_sides, facts.train) == (24, (24, 24, 24), (4, 4))
    assert facts.is_grey is (mode == "L")
    assert look_at(images).is_grey is (mode == "L")


def test_grey_images_stored_with_colours_are_grey(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for n in range(6):
            pixels = np.full((20, 20, 3), 9 * n, np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{n}.jpg")
    assert look_at(folder(tmp_path)).is_grey


def test_heads_are_enough_for_sizes_and_what_is_no_image_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path, COUNTS)
    big = Image.fromarray(np.random.default_rng(0).integers(0, 255, (600, 700, 3), dtype=np.uint8))
    big.save(tmp_path / "cat/000.png")
    whole = (tmp_path / "cat/000.png").read_bytes()
    (tmp_path / "cat/000.png").write_bytes(whole[:400])  # cut short, the head is there
    (tmp_path / "dog/000.png").write_bytes(b"")
    (tmp_path / "dog/001.png").write_text("no image")
    (tmp_path / ".cache").mkdir()
    facts = look_at(folder(tmp_path))
    assert facts.short_sides == (20, 20, 600)
    assert facts.unusable == ("dog/000.png (empty file)", "dog/001.png (not an image)")
    assert facts.looked_at == 40
    assert facts.notes == ("left out as hidden or a system's own: .cache (1)",)


def test_only_some_heads_of_many_are_read(tmp_path: Path) -> None:
    facts = look_at(folder(write_tree(tmp_path, {"a": 300, "b": 300})))
    assert (facts.looked_at, facts.images + facts.val + facts.test) == (HEADS, 600)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a": 9}, r"one class only \('a'\)"),
        ({}, "holds no classes"),
        ({"train/a": 3, "train/b": 3, "val/c": 1}, "val/ has classes that train/ has not: c"),
        ({"a": 1, "b": 1}, "2 images are too few to be cut into three splits"),
    ],
)
def test_what_is_no_task_is_refused(tmp_path: Path, tree: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        look_at(folder(write_tree(tmp_path, tree)))


def test_a_folder_without_a_single_image_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for n in range(5):
            (tmp_path / name / f"{n}.jpg").write_text("text")
    with pytest.raises(InputError, match=r"none of the 10 images looked at(.|\n)*not an image"):
        look_at(folder(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data\.path: .*nowhere does not exist"):
        look_at(folder(tmp_path / "nowhere"))
