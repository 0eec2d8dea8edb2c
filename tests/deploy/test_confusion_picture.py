from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tatl_search.deploy.confusion import Confusion
from tatl_search.deploy.confusion_picture import save_confusion


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
