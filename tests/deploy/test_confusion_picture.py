from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tatl_search.deploy.confusion import Confusion
from tatl_search.deploy.confusion_picture import numbers_classes, save_confusion
from tatl_search.results import fonts
from tatl_search.results.fonts import DEFAULT, fonts_for


@pytest.mark.parametrize("classes", [2, 30, 61])
def test_it_is_drawn_for_any_number_of_classes(classes: int, tmp_path: Path) -> None:
    names = tuple(f"a class of some $ name {number}" for number in range(classes))
    save_confusion(Confusion(names, np.eye(classes, dtype=np.int64) * 5), tmp_path / "c.png")
    picture = Image.open(tmp_path / "c.png").convert("RGB")
    assert 1000 < picture.width < 3500
    # The matrix's middle lies on the diagonal of dark cells, or between two of them.
    pixels = np.asarray(picture).astype(int)
    dark_blue = (pixels[:, :, 2] - pixels[:, :, 0] > 60) & (pixels[:, :, 0] < 60)
    assert dark_blue.sum() > 1000


def test_a_class_that_was_not_shown_is_left_white(tmp_path: Path) -> None:
    save_confusion(Confusion(("a", "b"), np.array([[0, 0], [0, 3]])), tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size > 1000


@pytest.fixture
def bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only those fonts be installed that come with matplotlib."""
    own = tuple(entry for entry in fonts._entries() if "mpl-data" in entry.fname)
    monkeypatch.setattr(fonts, "_entries", lambda: own)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("names", "numbered"),
    [
        (("cat", "caf\u00e9 na\u00efve"), False),
        (("\u0431\u0435\u043b\u043a\u0430", "\u03b1\u03b2"), False),
        (("cat", "\u732b"), True),
        (("\u0642\u0637\u0629", "cat"), True),  # Arabic: letters would stand in a wrong order
    ],
)
def test_names_that_no_font_writes_become_numbers(
    names: tuple[str, ...], numbered: bool, tmp_path: Path, bundled: None
) -> None:
    assert numbers_classes(names) == numbered
    save_confusion(Confusion(names, np.array([[3, 1], [0, 3]])), tmp_path / "named.png")
    plain = ("1", "2") if numbered else names
    assert bool(fonts_for(plain))
    assert fonts_for(["plain"]) == (DEFAULT,)


def test_a_font_that_writes_the_names_is_chosen(
    bundled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two others, the one with the letters; here by fonts that come with matplotlib."""
    letter = "\u732b"
    known = fonts._glyphs
    other = next(entry for entry in fonts._entries() if entry.name == "STIXGeneral")
    monkeypatch.setattr(
        fonts,
        "_glyphs",
        lambda path: known(path) | ({ord(letter)} if path == other.fname else frozenset()),
    )
    assert fonts_for(["cat", letter]) == (DEFAULT, "STIXGeneral")
