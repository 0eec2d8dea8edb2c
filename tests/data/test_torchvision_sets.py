import bz2
import inspect
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torchvision
from PIL import Image
from scipy.io import savemat

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection, SplitName
from tatl_search.data.reading import UnusableImageError
from tatl_search.data.torchvision_sets import open_torchvision
from tatl_search.data.torchvision_table import SETS
from tatl_search.errors import InputError
from tests.data.layouts import seen, write_jpeg, write_lines
from tests.data.made import write_idx

TRAIN, VAL, TEST = SplitName


def settings(name: str, root: Path, download: bool = False) -> DataSettings:
    return DataSettings(source=f"torchvision/{name}", path=str(root), download=download)


def read(name: str, root: Path) -> Collection:
    return open_torchvision(settings(name, root)).read()


@pytest.mark.parametrize("name", SETS)
def test_torchvision_knows_the_classes_and_their_splits(name: str, tmp_path: Path) -> None:
    """Told of an argument or split it does not know, a class raises TypeError or ValueError."""
    made = getattr(torchvision.datasets, name)
    fetch = {"download": False} if SETS[name].fetched else {}
    for arguments in SETS[name].splits.values():
        with pytest.raises((RuntimeError, FileNotFoundError)):
            made(str(tmp_path), **arguments, **fetch)
    offers = "download" in str(inspect.signature(made)) or "kwargs" in str(inspect.signature(made))
    assert offers or not SETS[name].fetched


def test_dtd(tmp_path: Path) -> None:
    labels = tmp_path / "dtd" / "dtd" / "labels"
    names = ("banded", "dotted")
    for offset, split in enumerate(("train", "val", "test")):
        lines = [f"{name}/{name}_{offset * 2 + i}.jpg" for i, name in enumerate(names)]
        write_lines(labels / f"{split}1.txt", lines)
        for i, line in enumerate(lines):
            write_jpeg(labels.parent / "images" / line, offset * 2 + i)
    collection = read("DTD", tmp_path)
    assert collection.class_names == names
    assert seen(collection) == [
        (0, "banded", TRAIN), (1, "dotted", TRAIN), (2, "banded", VAL),
        (3, "dotted", VAL), (4, "banded", TEST), (5, "dotted", TEST),
    ]  # fmt: skip
    assert collection.names[0] == "dtd/dtd/images/banded/banded_0.jpg"


def test_splits_of_different_classes_are_not_mixed_up(tmp_path: Path) -> None:
    """The class numbers what it finds in each split, so 1 would be dotted here and woven there."""
    labels = tmp_path / "dtd" / "dtd" / "labels"
    for split, name in (("train", "dotted"), ("val", "dotted"), ("test", "woven")):
        write_lines(labels / f"{split}1.txt", ["banded/a.jpg", f"{name}/b.jpg"])
    with pytest.raises(InputError, match=r"DTD in .* its splits do not have the same classes"):
        read("DTD", tmp_path)


def test_oxford_iiit_pet(tmp_path: Path) -> None:
    base = tmp_path / "oxford-iiit-pet"
    rows = {
        "trainval": ["Abyssinian_1 1 1 1", "great_dane_2 2 2 1"],
        "test": ["great_dane_3 2 2 1"],
    }
    for split, lines in rows.items():
        write_lines(base / "annotations" / f"{split}.txt", lines)
    for number, name in enumerate(("Abyssinian_1", "great_dane_2", "great_dane_3"), 1):
        write_jpeg(base / "images" / f"{name}.jpg", number)
    with pytest.raises(InputError, match="its splits do not have the same classes"):
        read("OxfordIIITPet", tmp_path)
    write_lines(base / "annotations" / "test.txt", ["Abyssinian_4 1 1 1", "great_dane_3 2 2 1"])
    write_jpeg(base / "images" / "Abyssinian_4.jpg", 4)
    assert seen(read("OxfordIIITPet", tmp_path)) == [
        (1, "Abyssinian", TRAIN), (2, "Great Dane", TRAIN),
        (3, "Great Dane", TEST), (4, "Abyssinian", TEST),
    ]  # fmt: skip


def test_fgvc_aircraft(tmp_path: Path) -> None:
    data = tmp_path / "fgvc-aircraft-2013b" / "data"
    write_lines(data / "variants.txt", ["707-320", "DC-3"])
    rows = {
        "train": ["0000001 DC-3", "0000002 707-320"],
        "val": ["0000003 DC-3"],
        "test": ["0000004 DC-3"],
    }
    for split, lines in rows.items():
        write_lines(data / f"images_variant_{split}.txt", lines)
        for line in lines:
            write_jpeg(data / "images" / f"{line[:7]}.jpg", int(line[:7]))
    assert seen(read("FGVCAircraft", tmp_path)) == [
        (1, "DC-3", TRAIN), (2, "707-320", TRAIN), (3, "DC-3", VAL), (4, "DC-3", TEST)
    ]  # fmt: skip


def test_eurosat_brings_no_splits(tmp_path: Path) -> None:
    for number, name in enumerate(("River", "Forest", "River")):
        write_jpeg(tmp_path / "eurosat" / "2750" / name / f"{name}_{number}.jpg", number)
    (tmp_path / "eurosat" / "2750" / "River" / "River_9.jpg").write_text("broken")
    collection = read("EuroSAT", tmp_path)
    assert collection.class_names == ("Forest", "River")
    assert collection.brought.tolist() == [TRAIN] * 4
    with pytest.raises(UnusableImageError, match="not an image"):
        collection.image(3)


def test_gtsrb_has_numbers_for_names(tmp_path: Path) -> None:
    base = tmp_path / "gtsrb"
    for number in range(2):
        folder = base / "GTSRB" / "Training" / f"{number:05}"
        folder.mkdir(parents=True)
        Image.new("L", (20, 20), number).convert("RGB").save(folder / "a.ppm")
    tests = base / "GTSRB" / "Final_Test" / "Images"
    tests.mkdir(parents=True)
    Image.new("L", (20, 20), 2).convert("RGB").save(tests / "00000.ppm")
    write_lines(base / "GT-final_test.csv", ["Filename;Width;ClassId", "00000.ppm;20;1"])
    assert seen(read("GTSRB", tmp_path)) == [(0, "0", TRAIN), (1, "1", TRAIN), (2, "1", TEST)]


def write_mnist(raw: Path, names: Sequence[str]) -> None:
    """Write five images, the i-th all of grey i and of digit i; two are for test."""
    raw.mkdir(parents=True)
    grey = np.broadcast_to(np.arange(5, dtype=np.uint8).reshape(-1, 1, 1), (5, 28, 28))
    write_idx(raw / names[0], 0x803, grey[:3])
    write_idx(raw / names[1], 0x801, np.arange(3, dtype=np.uint8))
    write_idx(raw / names[2], 0x803, grey[3:])
    write_idx(raw / names[3], 0x801, np.arange(3, 5, dtype=np.uint8))


def test_mnist(tmp_path: Path) -> None:
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    write_mnist(tmp_path / "MNIST" / "raw", (*names, *(n.replace("train", "t10k") for n in names)))
    collection = read("MNIST", tmp_path)
    assert collection.class_names[:3] == ("0 - zero", "1 - one", "2 - two")
    assert len(collection.class_names) == 10
    assert [(grey, name[0], split) for grey, name, split in seen(collection)] == [
        (0, "0", TRAIN), (1, "1", TRAIN), (2, "2", TRAIN), (3, "3", TEST), (4, "4", TEST)
    ]  # fmt: skip
    assert collection.names[2:4] == ["train[2]", "test[0]"]


def test_emnist_is_the_balanced_one(tmp_path: Path) -> None:
    names = [
        f"emnist-balanced-{split}-{kind}-ubyte"
        for split in ("train", "test")
        for kind in ("images-idx3", "labels-idx1")
    ]
    write_mnist(tmp_path / "EMNIST" / "raw", names)
    collection = read("EMNIST", tmp_path)
    assert len(collection.class_names) == 47
    assert seen(collection)[4] == (4, "4", TEST)


def test_qmnist_keeps_more_than_labels(tmp_path: Path) -> None:
    names = [
        f"qmnist-{split}-{kind}"
        for split in ("train", "test")
        for kind in ("images-idx3-ubyte", "labels-idx2-int")
    ]
    raw = tmp_path / "QMNIST" / "raw"
    write_mnist(raw, names)
    for name, digits in ((names[1], (0, 1, 2)), (names[3], (3, 4))):
        rows = [(digit, 7, 7, 7, 7, 7, 7, 7) for digit in digits]
        flat = [value for row in rows for value in row]
        head = struct.pack(">3I", 0x0C02, len(rows), 8)
        (raw / name).write_bytes(head + struct.pack(f">{len(flat)}i", *flat))
    assert [name[0] for _, name, _ in seen(read("QMNIST", tmp_path))] == list("01234")


def test_usps_of_text(tmp_path: Path) -> None:
    """Each line: the label from 1, then the pixels from -1 (black) to 1."""
    for name, label in (("usps.bz2", 3), ("usps.t.bz2", 1)):
        pixels = " ".join(f"{i + 1}:-1" for i in range(256))
        (tmp_path / name).write_bytes(bz2.compress(f"{label} {pixels}\n1 {pixels}\n".encode()))
    collection = read("USPS", tmp_path)
    assert [(name, split) for _, name, split in seen(collection)] == [
        ("0", TRAIN), ("0", TEST), ("0", TEST), ("2", TRAIN)
    ]  # fmt: skip


def test_caltech101_names_files_by_a_rule(tmp_path: Path) -> None:
    base = tmp_path / "caltech101" / "101_ObjectCategories"
    (base / "BACKGROUND_Google").mkdir(parents=True)
    for number, path in enumerate(
        ("ant/image_0001.jpg", "bee/image_0001.jpg", "bee/image_0002.jpg")
    ):
        write_jpeg(base / path, number)
    collection = read("Caltech101", tmp_path)
    assert seen(collection) == [(0, "ant", TRAIN), (1, "bee", TRAIN), (2, "bee", TRAIN)]
    (base / "ant" / "image_0001.jpg").write_text("broken")
    with pytest.raises(UnusableImageError, match="cannot identify"):
        collection.image(0)


def test_svhn_without_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its published MD5 stands in the way of a small set; ten stands for the digit 0."""
    monkeypatch.setattr(torchvision.datasets.svhn, "check_integrity", lambda *_: True)
    for split, digits in (("train", [10, 1]), ("test", [1, 10])):
        pixels = np.zeros((32, 32, 3, 2), np.uint8)
        pixels[..., 1] = 1
        savemat(tmp_path / f"{split}_32x32.mat", {"X": pixels, "y": np.array(digits)[:, None]})
    assert seen(read("SVHN", tmp_path)) == [
        (0, "0", TRAIN), (0, "1", TEST), (1, "0", TEST), (1, "1", TRAIN)
    ]  # fmt: skip


def test_signatures_follow_the_files(tmp_path: Path) -> None:
    for number in range(2):
        write_jpeg(
            tmp_path / "caltech101/101_ObjectCategories" / "ab"[number] / "image_0001.jpg", 0
        )
        write_jpeg(tmp_path / "eurosat/2750" / "ab"[number] / "x.jpg", 0)
    (tmp_path / "caltech101/101_ObjectCategories/BACKGROUND_Google").mkdir()
    for name in ("Caltech101", "EuroSAT"):
        before = open_torchvision(settings(name, tmp_path)).signature
        assert open_torchvision(settings(name, tmp_path)).signature == before
        folder = next(tmp_path.glob("*/*_Obj*" if name == "Caltech101" else "*/2750"))
        write_jpeg(next(folder.glob("a/*")), 200)
        assert open_torchvision(settings(name, tmp_path)).signature != before


def test_unknown_class(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"torchvision/Kinetics is not .* CIFAR10, .*, USPS"):
        read("Kinetics", tmp_path)


def test_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not in .* expected .*MNIST/raw.*data.download=true"):
        read("MNIST", tmp_path)
    with pytest.raises(InputError, match=r"StanfordCars is not in .*stanford_cars\.$"):
        read("StanfordCars", tmp_path)
    with pytest.raises(InputError, match="torchvision cannot fetch StanfordCars; get it by hand"):
        open_torchvision(settings("StanfordCars", tmp_path, download=True))
    assert not list(tmp_path.iterdir())


def test_damaged_sets_tell_what_torchvision_said(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"x")
    with pytest.raises(
        InputError, match=r"CIFAR10 could not be read from .* not found or corrupted"
    ):
        read("CIFAR10", tmp_path)
