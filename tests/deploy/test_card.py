"""The card's own lines prepare an image as training saw it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tatl_search.data.images import to_square
from tatl_search.deploy.card import SNIPPET


@pytest.mark.parametrize("size", [(40, 40), (81, 60), (60, 83), (300, 17)])
@pytest.mark.parametrize(("stored", "side"), [(32, 32), (36, 32)])
def test_the_snippet_prepares_images_as_they_are_packed(
    size: tuple[int, int], stored: int, side: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    photo = Image.fromarray(noise).resize(size)
    photo.save(tmp_path / "photo.png")
    how = {
        "shorter_side": stored,
        "width": side,
        "height": side,
        "mean": [0.0, 0.0, 0.0],
        "std": [1 / 255, 1 / 255, 1 / 255],
    }
    (tmp_path / "preprocessing.json").write_text(json.dumps(how))
    prepares = SNIPPET[: SNIPPET.index("batch =")].replace("import numpy as np, onnxruntime", "")
    found: dict[str, Any] = {"np": np}
    monkeypatch.chdir(tmp_path)
    exec(prepares, found)
    edge = (stored - side) // 2
    expected = to_square(photo, stored)[edge : edge + side, edge : edge + side]
    np.testing.assert_allclose(found["pixels"], expected, atol=1e-4)
