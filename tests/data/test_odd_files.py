"""What becomes of files of every kind, from a folder to a trial's pixels."""

import hashlib
import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest

from tatl_search.config import DataSettings
from tatl_search.data import load_target
from tatl_search.data.packed import Pack
from tatl_search.data.reading import RULES
from tatl_search.data.sources import load_pack
from tests.data.made import write_tree
from tests.data.odd_files import RED, write_odd_files

SIDE = 16
WHITE = (255, 255, 255)

SHOWN = {
    "grey.png": (77, 77, 77),
    "one_bit.png": WHITE,
    "opaque.png": RED,
    "alpha.png": (204, 204, 204),  # a fifth of black on white
    "grey_alpha.png": (204, 204, 204),
    "palette.png": RED,
    "palette_transparent.png": WHITE,
    "palette_half.png": (244, 206, 210),  # a fifth of red on white
    "palette_transparent.gif": WHITE,
    "cmyk.tif": (0, 255, 255),
    "cmyk.jpg": (0, 255, 255),
    "cmyk_adobe.jpg": (0, 255, 255),
    "grey16.png": (128, 128, 128),
    "grey16.tif": (128, 128, 128),
    "rgb16.png": RED,
    "rgb16.tif": RED,
    "lab.tif": (0, 245, 255),
    "small32.tif": (128, 128, 128),
    "signed16_positive.tif": (64, 64, 64),
    "red.tga": RED,
    "red.avif": RED,
    "no_ending": RED,
    "a_png.jpg": RED,
    "pixel.png": RED,
    "line.png": RED,
    "lying_line.png": RED,
    "animated.gif": RED,  # the first of three frames
    "animated.png": RED,
    "animated.webp": RED,
    "animated.tif": RED,
    **{f"bad_exif.{kind}": RED for kind in ("jpg", "png", "webp")},
    **{f"no_exif.{kind}": RED for kind in ("jpg", "png", "webp")},
}
CUT = r"truncated|Truncated|not an image|could not create decoder"
LEFT_OUT = {
    **{
        f"cut_{share}.{ending}": CUT
        for share in (10, 50, 95)
        for ending in ("jpg", "png", "gif", "bmp", "webp", "tif")
    },
    "float.tif": "floating-point pixels have no agreed range",
    "negative32.tif": r"no agreed range \(read: -5 to -5\)",
    "large32.tif": r"no agreed range \(read: 70000 to 70000\)",
    "unsigned32.tif": "no agreed range",
    "signed16.tif": r"no agreed range \(read: -1 to -1\)",
    "cut.avif": "AVIF image.* convert it to JPEG or PNG",
    "heic.heic": "HEIC image.* convert it to JPEG or PNG",
    "mif1.heic": "HEIC image.* convert it to JPEG or PNG",
    "stream.jxl": "JPEG XL image.* convert it to JPEG or PNG",
    "container.jxl": "JPEG XL image.* convert it to JPEG or PNG",
    "text.tga": "not an image",
    "bomb.png": "too large: 12000 x 12000 pixels; at most 89 million",
    "big_bomb.png": "too large: 60000 x 60000 pixels; at most 89 million",
    "text.png": "not an image",
    "notes.txt": "not an image",
    "drawing.eps": "not an image",
    "empty.jpg": "empty file",
    "pipe.jpg": "not a regular file",
    "dangling.jpg": "No such file or directory",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> DataSettings:
    root = write_tree(tmp_path_factory.mktemp("odd"), {"b": 60})
    write_odd_files(root / "a")
    return DataSettings(source="folder", path=str(root), image_size=SIDE)


@pytest.fixture(scope="module")
def pack(settings: DataSettings) -> Pack:
    return load_pack(settings)


def test_the_table_is_complete(settings: DataSettings) -> None:
    """A folder is looked into, whatever its name."""
    files = {path.name for path in Path(settings.path or "", "a").iterdir()}
    assert files == {*SHOWN, *LEFT_OUT, "folder.jpg"}


@pytest.mark.parametrize("name", SHOWN)
def test_what_can_be_shown_is_converted(name: str, pack: Pack) -> None:
    (row,) = (row for row in range(len(pack)) if pack.name(row) == f"a/{name}")
    expected = np.full((SIDE, SIDE, 3), SHOWN[name])
    assert np.abs(pack.columns.images[row] - expected).max() <= 1


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_cannot_be_shown_is_left_out_with_its_reason(name: str, pack: Pack) -> None:
    (reason,) = (left.reason for left in pack.head.left_out if left.name == f"a/{name}")
    assert re.search(LEFT_OUT[name], reason)


def test_nothing_else_is_in_or_out(pack: Pack) -> None:
    assert len(pack) == len(SHOWN) + 60
    assert len(pack.head.left_out) == len(LEFT_OUT)


LOSSY = (".jpg", ".webp", ".avif", "lab.tif")


def test_the_rules_have_a_number_that_is_raised_with_them(pack: Pack) -> None:
    """Whoever changes what becomes of a file raises `RULES`, so that older packs are remade."""
    told = [
        (name, pack.columns.images[row, 0, 0].tolist())
        for row in range(len(pack))
        if not (name := pack.name(row)).endswith(LOSSY)
    ]
    out = sorted(left.name for left in pack.head.left_out)
    digest = hashlib.sha256(json.dumps([told, out]).encode()).hexdigest()
    assert {RULES: digest[:16]} == {1: "9716a1ae4153aea3"}


@pytest.mark.filterwarnings("error")
def test_no_warning_leaks_and_no_thread_stays(settings: DataSettings, pack: Pack) -> None:
    target = load_target(settings)
    assert set(map(str, pack.head.left_out)) <= set(target.notes)
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]
