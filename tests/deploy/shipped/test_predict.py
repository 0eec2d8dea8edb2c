"""What `predict.py` makes of image files is what the product itself evaluates."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tatl_search.data.batches import InputForm, evaluation_batches
from tatl_search.data.images import open_image, to_square
from tatl_search.data.target import Split
from tatl_search.deploy.load import load
from tatl_search.deploy.shipped.predict import prepare, read
from tatl_search.nets.preprocessing import Preprocessing
from tests.deploy.stored import STORED

LONE = """
import runpy, sys
for name in ("torch", "tatl_search", "timm", "ray", "onnx", "pydantic"):
    sys.modules[name] = None
sys.argv = ["predict.py", *sys.argv[1:]]
runpy.run_path("predict.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of every kind that people have."""
    folder = tmp_path_factory.mktemp("pictures")
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 4), dtype=np.uint8)
    smooth = Image.fromarray(noise).resize((9, 7)).resize((120, 90), Image.Resampling.BICUBIC)
    colour, turned = smooth.convert("RGB"), Image.Exif()
    turned[0x0112] = 6  # to be turned by a quarter
    wide = np.asarray(smooth.convert("L")).astype(np.uint16) * 257
    colour.save(folder / "colour.png")
    colour.save(folder / "turned.jpg", exif=turned)
    colour.resize((300, 17)).save(folder / "long.jpg")
    colour.resize((31, 83)).save(folder / "odd.webp", lossless=True)
    colour.resize((11, 9)).save(folder / "small.png")
    colour.resize((32, 32)).save(folder / "fitting.png")
    colour.convert("L").save(folder / "grey.png")
    colour.convert("1").save(folder / "ink.png")
    colour.convert("CMYK").save(folder / "printed.jpg")
    colour.convert("P").save(folder / "palette.gif", transparency=3)
    smooth.save(folder / "transparent.png")
    smooth.convert("LA").save(folder / "grey-transparent.png")
    Image.fromarray(wide).save(folder / "sixteen.png")
    return sorted(folder.iterdir())


def evaluated(path: Path, stored: int, side: int, preprocessing: Preprocessing) -> torch.Tensor:
    """Return an image file as the product packs and evaluates it."""
    pixels = to_square(open_image(path), stored)[None]
    split = Split(pixels, np.zeros(1, np.int64), np.zeros(1, np.int64))
    (batch,) = evaluation_batches(split, 1, InputForm(side, preprocessing, "cpu"))
    return batch[0]


@pytest.mark.parametrize(("stored", "side"), [(32, 32), (37, 32), (40, 24)])
def test_files_of_every_kind_become_the_input_that_was_evaluated(
    pictures: list[Path], stored: int, side: int
) -> None:
    how = json.loads((STORED / "preprocessing.json").read_text())
    how |= {"shorter_side": stored, "width": side, "height": side}
    preprocessing = Preprocessing.from_dict(how)
    assert len(pictures) == 13
    for path in pictures:
        expected = evaluated(path, stored, side, preprocessing)
        np.testing.assert_array_equal(prepare(read(str(path)), how), expected, err_msg=path.name)


def test_the_script_prints_the_products_own_probabilities(pictures: list[Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LONE, *map(str, pictures)],
        cwd=STORED,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    how = json.loads((STORED / "preprocessing.json").read_text())
    network = load(STORED)
    for path, top in zip(pictures, zip(*[iter(lines)] * 5, strict=True), strict=True):
        with torch.inference_mode():
            (logits,) = network(evaluated(path, 32, 32, Preprocessing.from_dict(how)))
        shares, labels = logits.softmax(0).topk(5)
        for line, share, label in zip(top, shares.tolist(), labels.tolist(), strict=True):
            name, printed, said = line.rsplit(maxsplit=2)
            assert (name, said) == (str(path), str(label))
            assert float(printed.removesuffix("%")) == pytest.approx(100 * share, abs=0.01)


def test_without_an_image_it_says_how() -> None:
    done = subprocess.run(
        [sys.executable, "predict.py"], cwd=STORED, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "usage: python predict.py IMAGE...\n"
