"""What `predict.py` makes of image files is what the product itself evaluates."""

import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.batches import InputForm, evaluation_batches
from tatl_search.data.images import open_image
from tatl_search.data.reading import SIXTEEN_BITS, UnusableImageError, to_square
from tatl_search.data.target import Split
from tatl_search.deploy.bundle import ship_scripts
from tatl_search.deploy.description import input_format
from tatl_search.deploy.load import load
from tatl_search.nets.preprocessing import Preprocessing
from tests.data.odd_files import write_odd_files
from tests.deploy.stored import STORED

LONE = """
import runpy, sys
for name in ("torch", "tatl_search", "timm", "ray", "onnx", "pydantic"):
    sys.modules[name] = None
sys.argv = ["predict.py", *sys.argv[1:]]
runpy.run_path("predict.py", run_name="__main__")
"""
UNREAD = ("pipe.jpg", "folder.jpg", "dangling.jpg")
"""No files: nobody asks for a prediction of them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an exported folder with today's scripts."""
    folder = tmp_path_factory.mktemp("exported") / "network"
    shutil.copytree(STORED, folder)
    ship_scripts(folder)
    return folder


@pytest.fixture(scope="module")
def script(folder: Path) -> Iterator[Any]:
    """Return the folder's `predict.py` with what lies beside it, as a module."""
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("predict")
    finally:
        sys.path.remove(str(folder))
        for name in ("predict", "reading"):
            del sys.modules[name]


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


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every odd file that the product is tested with, whole and broken."""
    folder = tmp_path_factory.mktemp("odd") / "files"
    write_odd_files(folder)
    return [path for path in sorted(folder.iterdir()) if path.name not in UNREAD]


def form(**changes: Any) -> dict[str, Any]:
    """Return what `preprocessing.json` says."""
    return {**json.loads((STORED / "preprocessing.json").read_text()), **changes}


def evaluated(path: Path, how: dict[str, Any]) -> torch.Tensor:
    """Return an image file as the product packs and evaluates it."""
    image = open_image(path, how.get("sixteen_bit_max", SIXTEEN_BITS))
    split = Split(
        to_square(image, how["shorter_side"])[None], np.zeros(1, np.int64), np.zeros(1, np.int64)
    )
    inputs = InputForm(how["width"], Preprocessing.from_dict(how), "cpu")
    (batch,) = evaluation_batches(split, 1, inputs)
    return batch[0]


@pytest.mark.parametrize(("stored", "side"), [(32, 32), (37, 32), (40, 24)])
def test_files_of_every_kind_become_the_input_that_was_evaluated(
    pictures: list[Path], script: Any, stored: int, side: int
) -> None:
    how = form(shorter_side=stored, width=side, height=side)
    assert len(pictures) == 13
    for path in pictures:
        expected = evaluated(path, how)
        np.testing.assert_array_equal(script.prepare(path, how), expected, err_msg=path.name)


def outcome(read: Any, refusal: type[Exception]) -> npt.NDArray[np.float32] | str:
    """Return an input, or why there is none."""
    try:
        return np.asarray(read())
    except refusal as error:
        return str(error)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("white", [SIXTEEN_BITS, 4095])
def test_every_odd_file_is_read_or_refused_as_in_training(
    odd: list[Path], script: Any, white: int
) -> None:
    how = form(sixteen_bit_max=white)
    found = {
        path.name: outcome(lambda p=path: script.prepare(p, how), script.reading.UnusableImageError)
        for path in odd
    }
    for path in odd:
        expected = outcome(lambda p=path: evaluated(p, how), UnusableImageError)
        np.testing.assert_array_equal(found[path.name], expected, err_msg=path.name)
    refused = {name for name, what in found.items() if isinstance(what, str)}
    assert {"float.tif", "negative32.tif", "bomb.png", "text.png", "cut_50.jpg"} <= refused
    assert {"cmyk.jpg", "bad_exif.jpg", "no_exif.png", "line.png", "red.tga"}.isdisjoint(refused)
    assert ("rgb16.png" in refused) == (white != SIXTEEN_BITS)


def test_the_range_of_16_bits_that_was_trained_with_is_followed(
    script: Any, tmp_path: Path
) -> None:
    Image.fromarray(np.full((40, 40), 2048, np.uint16)).save(tmp_path / "grey.png")
    plain = {"mean": [0.0] * 3, "std": [1.0] * 3}
    told = input_format(Preprocessing.from_dict(form(**plain)), DataSettings(image_size=32), 4095)
    for how, grey in ((told, 128), (form(**plain), 8)):
        found = script.prepare(tmp_path / "grey.png", how)
        np.testing.assert_array_equal(found, np.full((1, 3, 32, 32), np.float32(grey) / 255))


@pytest.mark.parametrize("version", ["of form 1", "today"])
def test_the_script_prints_the_products_own_probabilities(
    version: str, pictures: list[Path], folder: Path
) -> None:
    done = run(folder if version == "today" else STORED, *pictures)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    network = load(STORED)
    for path, top in zip(pictures, zip(*[iter(lines)] * 5, strict=True), strict=True):
        with torch.inference_mode():
            (logits,) = network(evaluated(path, form()))
        shares, labels = logits.softmax(0).topk(5)
        for line, share, label in zip(top, shares.tolist(), labels.tolist(), strict=True):
            name, printed, said = line.rsplit(maxsplit=2)
            assert (name, said) == (str(path), str(label))
            assert float(printed.removesuffix("%")) == pytest.approx(100 * share, abs=0.01)


def test_files_that_cannot_be_read_get_a_line_each_and_hold_up_no_other(
    odd: list[Path], pictures: list[Path], folder: Path, tmp_path: Path
) -> None:
    done = run(folder, tmp_path / "missing.jpg", *odd, pictures[0])
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    refused = done.stderr.splitlines()
    assert f"{tmp_path / 'missing.jpg'}: No such file or directory" in refused
    predicted = {line.rsplit(maxsplit=2)[0] for line in done.stdout.splitlines()}
    assert str(pictures[0]) in predicted
    assert len(refused) + len(predicted) == len(odd) + 2


def run(folder: Path, *images: Path) -> "subprocess.CompletedProcess[str]":
    """Run a folder's script where nothing of this product can be imported."""
    return subprocess.run(
        [sys.executable, "-c", LONE, *map(str, images)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("where", ["inside", "elsewhere"])
def test_without_an_image_it_says_how(where: str, folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, folder / "predict.py"],
        cwd=folder if where == "inside" else tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "usage: python predict.py IMAGE...\n"
