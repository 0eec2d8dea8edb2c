import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection, SplitName
from tatl_search.data.idx import open_idx
from tatl_search.errors import InputError
from tests.data.made import write_idx, write_idx_set

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"


def read(root: Path) -> Collection:
    return open_idx(DataSettings(source="idx", path=str(root))).read()


def test_debians_layout_is_read(tmp_path: Path) -> None:
    collection = read(write_idx_set(tmp_path, train=[2, 0, 1, 0], test=[1, 2]))
    assert collection.class_names == ("0", "1", "2")
    assert collection.labels.tolist() == [2, 0, 1, 0, 1, 2]
    assert collection.brought.tolist() == [SplitName.TRAIN] * 4 + [SplitName.TEST] * 2
    assert [collection.image(i).getpixel((0, 0)) for i in (0, 3, 5)] == [
        (0,) * 3,
        (3,) * 3,
        (1,) * 3,
    ]


def test_pixels_stand_where_they_stood(tmp_path: Path) -> None:
    root = write_idx_set(tmp_path, train=[0, 1])
    pixels = np.random.default_rng(0).integers(0, 256, (2, 28, 28), dtype=np.uint8)
    write_idx(root / TRAIN_IMAGES, 0x803, pixels)
    collection = read(root)
    for index in (0, 1):
        np.testing.assert_array_equal(
            np.asarray(collection.image(index)), np.repeat(pixels[index][..., None], 3, axis=2)
        )


def test_plain_files_are_read_like_gzipped_ones(tmp_path: Path) -> None:
    root = write_idx_set(tmp_path, train=[1, 0], test=[0, 1])
    for packed in list(root.glob("*.gz")):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    assert read(root).labels.tolist() == [1, 0, 0, 1]


def test_without_test_files_all_is_training(tmp_path: Path) -> None:
    assert (read(write_idx_set(tmp_path, train=[0, 1])).brought == SplitName.TRAIN).all()


def test_labels_txt_names_the_classes(tmp_path: Path) -> None:
    root = write_idx_set(tmp_path, train=[0, 1, 2])
    (root / "labels.txt").write_text("T-shirt/top\nTrouser\nPullover\n", encoding="utf-8")
    assert read(root).class_names == ("T-shirt/top", "Trouser", "Pullover")


def test_labels_txt_too_short(tmp_path: Path) -> None:
    root = write_idx_set(tmp_path, train=[0, 1, 2, 3])
    (root / "labels.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"labels 2, 3 occur, but labels.txt names 2 classes"):
        read(root)


def test_test_labels_that_training_does_not_know(tmp_path: Path) -> None:
    root = write_idx_set(tmp_path, train=[0, 1], test=[0, 5])
    with pytest.raises(InputError, match="labels 5 occur, but not in training"):
        read(root)


@pytest.mark.parametrize("name", [TRAIN_IMAGES, TRAIN_LABELS, "t10k-labels-idx1-ubyte.gz"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    root = write_idx_set(tmp_path, train=[0, 1], test=[0, 1])
    (root / name).unlink()
    with pytest.raises(InputError, match=f"holds neither {name[:-3]} nor {name}"):
        read(root)


def test_images_and_labels_must_be_as_many(tmp_path: Path) -> None:
    root = write_idx_set(tmp_path, train=[0, 1, 1])
    write_idx(root / TRAIN_LABELS, 0x801, np.array([0, 1], np.uint8))
    with pytest.raises(InputError, match=r"holds 3 images but .*labels.* 2 labels"):
        read(root)


def test_train_and_test_images_must_be_of_one_size(tmp_path: Path) -> None:
    root = write_idx_set(tmp_path, train=[0, 1], test=[0, 1])
    write_idx(root / TRAIN_IMAGES, 0x803, np.zeros((2, 20, 20), np.uint8))
    with pytest.raises(InputError, match="differ in size"):
        read(root)


def test_no_images_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no images"):
        read(write_idx_set(tmp_path, train=[]))


WHOLE = struct.pack(">4I", 0x803, 2, 28, 28) + bytes(2 * 28 * 28)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(struct.pack(">4I", 0x801, 2, 28, 28) + WHOLE[16:]), "0x00000801, not 0x000"),
        (gzip.compress(WHOLE[:-1]), r"states 2 x 28 x 28 = 1568 bytes but holds 1567"),
        (gzip.compress(WHOLE + b"x"), r"but holds 1569"),
        (gzip.compress(b"\0\0"), "cut short"),
        (gzip.compress(WHOLE)[:-9], "cannot be read"),
        (WHOLE, "cannot be read"),
        (b"", "cut short"),
    ],
    ids=["magic", "short", "long", "no head", "gzip cut", "no gzip", "empty"],
)
def test_malformed_files(content: bytes, message: str, tmp_path: Path) -> None:
    root = write_idx_set(tmp_path, train=[0, 1])
    (root / TRAIN_IMAGES).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read(root)
    assert TRAIN_IMAGES in str(caught.value)
