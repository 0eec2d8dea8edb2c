import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tatl_search.data.collection import SplitName
from tatl_search.data.packed import Pack, pack, packed_once
from tatl_search.data.target import Split
from tatl_search.errors import InputError, StorageError


def made(seed: int = 0, sizes: tuple[int, int, int] = (5, 3, 2)) -> Pack:
    generator = np.random.default_rng(seed)
    splits = {
        name: Split(
            generator.integers(0, 256, (size, 16, 16, 3), dtype=np.uint8),
            generator.integers(0, 2, size, dtype=np.int64),
        )
        for name, size in zip(SplitName, sizes, strict=True)
    }
    return pack(("cat", "dog"), ("left out: x.jpg (not an image)",), splits)


def never() -> Pack:
    raise AssertionError("made a second time")


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    packed_once(tmp_path, "k", made)
    found, expected = packed_once(tmp_path, "k", never), made()
    assert (found.class_names, found.notes, found.digest) == (
        expected.class_names,
        expected.notes,
        expected.digest,
    )
    for name in SplitName:
        np.testing.assert_array_equal(found.splits[name].images, expected.splits[name].images)
        np.testing.assert_array_equal(found.splits[name].labels, expected.splits[name].labels)
        assert found.splits[name].images.dtype == np.uint8
        assert found.splits[name].labels.dtype == np.int64


def test_images_are_mapped_not_copied(tmp_path: Path) -> None:
    before = pa.total_allocated_bytes()
    packed_once(tmp_path, "k", lambda: made(sizes=(2000, 500, 500)))
    found = packed_once(tmp_path, "k", never)
    assert pa.total_allocated_bytes() - before < 100_000
    images = found.splits[SplitName.TRAIN].images
    assert not images.flags.owndata
    start = images.__array_interface__["data"][0]
    path = str((tmp_path / "k.arrow").resolve())
    ranges = [
        [int(end, 16) for end in line.split()[0].split("-")]
        for line in Path("/proc/self/maps").read_text().splitlines()
        if line.endswith(path)
    ]
    assert any(low <= start and start + images.nbytes <= high for low, high in ranges)


def test_images_are_read_only_mapped_or_not(tmp_path: Path) -> None:
    for found in (made(), packed_once(tmp_path, "k", made)):
        with pytest.raises(ValueError, match="read-only"):
            found.splits[SplitName.TRAIN].images[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            found.splits[SplitName.TRAIN].labels[0] = 0


def test_the_digest_tells_contents_apart() -> None:
    def changed(image: int = 0, label: int = 0, names: tuple[str, ...] = ("cat", "dog")) -> str:
        images = np.zeros((4, 16, 16, 3), np.uint8)
        images[3, 15, 15, 2] = image
        labels = np.array([0, 1, 0, label], np.int64)
        return pack(names, (), dict.fromkeys(SplitName, Split(images, labels))).digest

    digests = {changed(), changed(image=1), changed(label=1), changed(names=("cat", "cow"))}
    assert len(digests) == 4
    assert changed() in digests


def test_keys_lie_side_by_side(tmp_path: Path) -> None:
    one, two = packed_once(tmp_path, "one", made), packed_once(tmp_path, "two", lambda: made(1))
    assert one.digest != two.digest
    assert sorted(path.name for path in tmp_path.glob("*.arrow")) == ["one.arrow", "two.arrow"]


def test_failing_to_make_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    def fail() -> Pack:
        raise InputError("one class only")

    with pytest.raises(InputError, match="one class only"):
        packed_once(tmp_path, "k", fail)
    assert list(tmp_path.glob("*.arrow")) + list(tmp_path.glob("*.partial")) == []
    assert packed_once(tmp_path, "k", made).digest == made().digest


def test_a_rest_of_a_killed_writer_is_overwritten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "k.partial").write_bytes(b"half a file")
    with caplog.at_level(logging.INFO):
        assert packed_once(tmp_path, "k", made).digest == made().digest
    assert "Packing images into" in caplog.text
    assert not (tmp_path / "k.partial").exists()


@pytest.mark.parametrize("length", [0, 100, -200])
def test_a_damaged_file_is_named(length: int, tmp_path: Path) -> None:
    packed_once(tmp_path, "k", made)
    path = tmp_path / "k.arrow"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(StorageError, match=r"k\.arrow is damaged .* Delete it"):
        packed_once(tmp_path, "k", never)


def test_a_foreign_arrow_file_is_named(tmp_path: Path) -> None:
    schema = pa.schema({"x": pa.int64()})
    with pa.ipc.new_file(str(tmp_path / "k.arrow"), schema):
        pass
    with pytest.raises(StorageError, match=r"k\.arrow is damaged"):
        packed_once(tmp_path, "k", never)


def test_a_cache_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot pack images"):
        packed_once(tmp_path / "file" / "cache", "k", never)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """/dev/full refuses every byte."""
    (tmp_path / "k.partial").symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"cannot write .*No space left"):
        packed_once(tmp_path, "k", made)
    assert list(tmp_path.glob("*.arrow")) == []
