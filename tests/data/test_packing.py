import logging
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tatl_search.data.collection import Collection, SplitName
from tatl_search.data.images import content_hash
from tatl_search.data.packed import open_pack
from tatl_search.data.packing import Origin, pack_into, packed_once
from tatl_search.data.reading import UnusableImageError, to_square
from tatl_search.errors import InputError, StorageError

SIDE = 16
TRAIN, VAL, TEST = SplitName


def picture(index: int) -> Image.Image:
    noise = np.random.default_rng(index).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def never() -> Collection:
    raise AssertionError("read a second time")


def origin(
    count: int = 10, broken: frozenset[int] = frozenset(), brought: int = TRAIN, made: str = "s1"
) -> Origin:
    """Return images of noise, two classes in turn; the last image is in split `brought`."""

    def image(index: int) -> Image.Image:
        if index in broken:
            raise UnusableImageError("not an image")
        return picture(index)

    def read() -> Collection:
        return Collection(
            class_names=("cat", "dog"),
            labels=np.arange(count) % 2,
            brought=np.array([TRAIN] * (count - 1) + [brought], np.int8),
            names=[f"{index}.png" for index in range(count)],
            image=image,
            notes=("folder x/ is not used",),
        )

    return Origin(read, SIDE, "folder images", made)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_every_image_is_stored_in_its_place(tmp_path: Path) -> None:
    """More than one chunk, decoded by many threads."""
    broken = frozenset({0, 300, 599})
    found = packed_once(tmp_path / "k.arrow", origin(600, broken))
    usable = [index for index in range(600) if index not in broken]
    assert len(found) == 597
    assert found.labels.tolist() == [index % 2 for index in usable]
    for row, index in enumerate(usable):
        assert found.name(row) == f"{index}.png"
        np.testing.assert_array_equal(found.columns.images[row], to_square(picture(index), SIDE))
    hashes = b"".join(content_hash(picture(index)) for index in usable)
    assert found.columns.contents.tobytes() == hashes
    assert found.notes == (
        "folder x/ is not used",
        *(f"left out: {index}.png (not an image)" for index in sorted(broken)),
    )
    assert found.columns.digest(found.class_names) == found.head.digest
    assert (found.head.side, found.head.origin) == (SIDE, "folder images")
    assert leftovers(tmp_path) == ["k.arrow"]


def test_a_second_call_reads_nothing(tmp_path: Path) -> None:
    first = packed_once(tmp_path / "k.arrow", origin())
    second = packed_once(tmp_path / "k.arrow", Origin(never, SIDE, "folder images", "s1"))
    assert second.head == first.head


def test_a_file_older_than_its_source_is_replaced_under_its_readers(tmp_path: Path) -> None:
    old = packed_once(tmp_path / "k.arrow", origin(10))
    new = packed_once(tmp_path / "k.arrow", origin(12, made="s2"))
    assert (len(old), len(new)) == (10, 12)
    assert old.columns.digest(old.class_names) == old.head.digest
    assert leftovers(tmp_path) == ["k.arrow"]


def test_few_images_are_in_memory_at_once(tmp_path: Path) -> None:
    """Each image is decoded once; those that wait to be written are a chunk at most."""
    opened: list[int] = []
    lock = threading.Lock()
    base = origin(1000)
    collection = base.read()
    spool = tmp_path / "k.arrow.spool"
    ahead = []

    def image(index: int) -> Image.Image:
        written = spool.stat().st_size // (SIDE * SIDE * 3)
        with lock:
            opened.append(index)
            ahead.append(len(opened) - written)
        return picture(index)

    watched = Collection(
        collection.class_names, collection.labels, collection.brought, collection.names, image
    )
    pack_into(tmp_path / "k.arrow", Origin(lambda: watched, SIDE, "", ""))
    assert sorted(opened) == list(range(1000))
    # A chunk of 256, and what the file object still holds back.
    assert max(ahead) <= 256 + 11


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (range(10), "no usable image for train\n  folder x/ is not used\n  left out: 0.png"),
        ([9], r"no usable image for val"),
        ([1, 3, 5, 7], "no usable training image for class 'dog'"),
    ],
)
def test_what_makes_no_target_task_leaves_nothing(
    broken: list[int], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        packed_once(tmp_path / "k.arrow", origin(10, frozenset(broken), VAL))
    assert leftovers(tmp_path) == []
    assert len(packed_once(tmp_path / "k.arrow", origin())) == 10


def test_one_class_is_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    collection = Collection(
        ("cat",), np.zeros(3, np.int64), np.zeros(3, np.int8), ["a", "b", "c"], picture
    )
    with pytest.raises(InputError, match="one class only"):
        pack_into(tmp_path / "k.arrow", Origin(lambda: collection, SIDE, "", ""))
    assert leftovers(tmp_path) == []


def test_a_rest_of_a_killed_writer_is_overwritten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for ending in (".spool", ".partial"):
        (tmp_path / f"k.arrow{ending}").write_bytes(b"half a file")
    with caplog.at_level(logging.INFO):
        found = packed_once(tmp_path / "k.arrow", origin())
    assert found.head.digest == open_pack(tmp_path / "k.arrow").head.digest
    assert "Packing 10 images into" in caplog.text
    assert leftovers(tmp_path) == ["k.arrow"]


@pytest.mark.parametrize("ending", [".spool", ".partial"])
def test_a_full_disk_is_told_and_leaves_nothing(ending: str, tmp_path: Path) -> None:
    """/dev/full refuses every byte."""
    (tmp_path / f"k.arrow{ending}").symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"cannot write .*No space left"):
        packed_once(tmp_path / "k.arrow", origin(300))
    assert leftovers(tmp_path) == []


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    packed_once(tmp_path / "k.arrow", origin())
    (tmp_path / "k.arrow").write_bytes(b"x")
    with pytest.raises(StorageError, match=r"k\.arrow is damaged .* Delete it"):
        packed_once(tmp_path / "k.arrow", origin())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write in"):
        packed_once(tmp_path / "file" / "k.arrow", origin())
