"""The verbs on images: pack, info, check."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Tatl, make_images

FOLDER = ("--set", "data.source=folder", "--set", "data.path=images")


@pytest.fixture
def images(here: Path) -> Path:
    """Return a folder of two classes with training and test images, and one broken file."""
    make_images(here / "images", {"cat": 12, "dog": 10})
    root = here / "images"
    shutil.copytree(root / "train", root / "test")
    for number, path in enumerate(sorted((root / "test").rglob("*.png"))):
        path.unlink() if number % 3 else path.rename(path.with_name(f"t{number}.png"))
    (root / "train/cat/notes.txt").write_text("hello")
    return root


def fresh(images: Path) -> None:
    """Make all test images different from the training images."""
    shutil.rmtree(images / "test")


@pytest.mark.parametrize("verb", ["pack", "info", "check"])
def test_help_teaches_in_80_columns(verb: str, tatl: Tatl) -> None:
    ended = tatl("data", verb, "--help")
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert re.search(rf"^ +tatl-search data {verb} ", ended.out, re.MULTILINE)


def test_pack_info_and_a_run_on_the_packed_file(tatl: Tatl, here: Path, images: Path) -> None:
    packed = tatl("data", "pack", "run.yaml", *FOLDER, "--to", "set.arrow")
    assert packed.code == 0
    assert "set.arrow: 30 images of 32 x 32, 2 classes, 1 left out" in packed.out
    assert "left out: train/cat/notes.txt (not an image)" in packed.err
    assert "data.source=packed, data.path=set.arrow, data.storage_size=32" in packed.err

    shown = tatl("data", "info", "set.arrow")
    assert re.search(r"cat +12 +0 +4 *\n", shown.out)
    assert re.search(r"all +22 +0 +8", shown.out)
    assert "origin: folder images" in shown.out

    known = json.loads(tatl("data", "info", "set.arrow", "--json").out)
    assert known["classes"]["dog"] == {"train": 10, "val": 0, "test": 4}
    assert (known["images"], known["side"], known["bytes"]) == (30, 32, 30 * 32 * 32 * 3)
    assert known["left_out"] == [{"name": "train/cat/notes.txt", "reason": "not an image"}]
    assert known["digest"] in packed.out

    source = ("--set", "data.source=packed", "--set", "data.path=set.arrow")
    cut = json.loads(tatl("data", "info", "run.yaml", *source, "--json").out)
    assert cut["classes"] == {
        "cat": {"train": 10, "val": 2, "test": 4},
        "dog": {"train": 8, "val": 2, "test": 4},
    }
    assert cut["digest"] == known["digest"]


def test_check_names_leaks_and_fails(tatl: Tatl, images: Path) -> None:
    """The test images of the fixture are copies of training images."""
    ended = tatl("data", "check", "run.yaml", *FOLDER)
    assert ended.code == 1
    assert "images in several splits: 8, with several labels: 0; take the copies away" in ended.err
    assert "left out: train/cat/notes.txt (not an image)" in ended.out
    assert "in several splits: 8\n" in ended.out
    assert "train train/cat/0.png (cat), test test/cat/t0.png (cat)" in ended.out


def test_check_names_contradictions_and_fails(tatl: Tatl, images: Path) -> None:
    fresh(images)
    shutil.copy(images / "train/cat/0.png", images / "train/dog/0.png")
    ended = tatl("data", "check", "run.yaml", *FOLDER, "--json")
    assert ended.code == 1
    (places,) = json.loads(ended.out)["with_several_labels"]
    assert [place["class"] for place in places] == ["cat", "dog"]


def test_check_of_images_that_are_right(tatl: Tatl, images: Path) -> None:
    fresh(images)
    shutil.copy(images / "train/cat/0.png", images / "train/cat/again.png")
    ended = tatl("data", "check", "run.yaml", *FOLDER)
    assert (ended.code, "no image is in several splits" in ended.err) == (0, True)
    assert "repeated within a split: 1" in ended.out


def test_check_of_a_packed_file_reads_it_all(tatl: Tatl, here: Path, images: Path) -> None:
    fresh(images)
    tatl("data", "pack", "run.yaml", *FOLDER, "--to", "set.arrow")
    assert tatl("data", "check", "set.arrow").code == 0
    content = bytearray((here / "set.arrow").read_bytes())
    content[len(content) // 3] ^= 1
    (here / "set.arrow").write_bytes(content)
    ended = tatl("data", "check", "set.arrow")
    assert ended.code == 1
    assert "set.arrow is damaged: its content has the digest" in ended.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("info", "nowhere.arrow"), "nowhere.arrow does not exist"),
        (("info", "file:///nowhere/x.arrow"), "file:///nowhere/x.arrow does not exist"),
        (("info", "nowhere.yaml"), "nowhere.yaml"),
        (("check", "x.arrow", "--set", "data.per_class=3"), "a packed file is what it is"),
        (("pack", "run.yaml", "--to", "set.parquet"), "name ends in .arrow"),
        (
            ("pack", "run.yaml", "--to", "x.arrow", "--set", "data.image_size={choices: [32, 64]}"),
            "data.image_size is searched over; name one value, as in --set data.image_size=VALUE",
        ),
    ],
)
def test_bad_input_is_one_line(
    words: tuple[str, ...], message: str, tatl: Tatl, here: Path
) -> None:
    ended = tatl("data", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert not list(here.glob("*.arrow"))


def test_what_only_training_sees_may_be_searched_over(tatl: Tatl, images: Path) -> None:
    fresh(images)
    flip = ("--set", "data.augment.flip={choices: [true, false]}")
    assert tatl("data", "check", "run.yaml", *FOLDER, *flip).code == 0


def test_check_tells_what_is_left_out_and_which_ranges_look_wrong(
    tatl: Tatl, here: Path, images: Path
) -> None:
    fresh(images)
    (images / "train/cat/@eaDir").mkdir()
    (images / "train/dog/phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(60))
    for number in range(4):
        ramp = (np.arange(32 * 32) * 4 + number).astype(np.uint16).reshape(32, 32)
        Image.fromarray(ramp).save(images / "train/dog" / f"camera{number}.png")
    told = tatl("data", "check", "run.yaml", *FOLDER).out
    for part in ("@eaDir (1)", "dog/phone.heic (a HEIC image", "data.sixteen_bit_max=4095"):
        assert part in told
    said = ("--set", "data.sixteen_bit_max=4095")
    assert "sixteen_bit_max" not in tatl("data", "check", "run.yaml", *FOLDER, *said).out


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (("fold1/cat", "fold1/dog", "fold2/cat", "fold2/dog"), "folders of the same names"),
        (("Train/cat", "training/cat"), "name one split"),
        (("set/train/cat", "set/train/dog"), "one folder only, set/"),
    ],
)
def test_layouts_that_nothing_explains_are_one_line(
    folders: tuple[str, ...], message: str, tatl: Tatl, here: Path
) -> None:
    for folder in folders:
        (here / "images" / folder).mkdir(parents=True)
    ended = tatl("data", "check", "run.yaml", *FOLDER)
    assert (ended.code, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
