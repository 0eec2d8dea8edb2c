from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tatl_search.data.packed import VERSION, Columns, Head, LeftOut, Pack, open_pack, write_pack
from tatl_search.errors import InputError, StorageError

SIDE = 16


def made(rows: int = 10) -> Pack:
    generator = np.random.default_rng(0)
    columns = Columns(
        images=generator.integers(0, 256, (rows, SIDE, SIDE, 3), dtype=np.uint8),
        labels=generator.integers(0, 2, rows, dtype=np.int64),
        brought=generator.integers(0, 3, rows, dtype=np.int8),
        contents=np.array([f"{row:032}" for row in range(rows)], "S32"),
        names=pa.array([f"a/{row}.jpg" for row in range(rows)]),
    )
    names = ("cat", "dög")
    head = Head(
        class_names=names,
        side=SIDE,
        remarks=("folder x/ is not used",),
        left_out=(LeftOut(name="x.jpg", reason="not an image"),),
        origin="folder images",
        made_from="s1",
        digest=columns.digest(names),
    )
    return Pack(head, columns)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "k.arrow"
    write_pack(path, made())
    return path


def test_what_is_stored_comes_back(path: Path) -> None:
    found, expected = open_pack(path), made()
    assert found.head == expected.head
    assert found.notes == ("folder x/ is not used", "left out: x.jpg (not an image)")
    for name in ("images", "labels", "brought", "contents"):
        column, original = getattr(found.columns, name), getattr(expected.columns, name)
        np.testing.assert_array_equal(column, original)
        assert column.dtype == original.dtype
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0
    assert [found.name(row) for row in (0, 9)] == ["a/0.jpg", "a/9.jpg"]
    assert found.columns.digest(found.class_names) == found.head.digest


def test_other_programs_read_the_file(path: Path) -> None:
    with pa.ipc.open_file(path) as reader:
        table = reader.read_all()
    assert table.column_names == ["image", "label", "split", "name", "sha256"]
    row = table.slice(3, 1).to_pylist()[0]
    assert row["image"] == made().columns.images[3].tobytes()
    assert (row["label"], row["name"]) == (int(made().labels[3]), "a/3.jpg")


def test_images_are_mapped_not_copied(tmp_path: Path) -> None:
    path = (tmp_path / "k.arrow").resolve()
    before = pa.total_allocated_bytes()
    write_pack(path, made(rows=3000))
    images = open_pack(path).columns.images
    assert pa.total_allocated_bytes() - before < 100_000
    start = images.__array_interface__["data"][0]
    maps = [
        line.split()
        for line in Path("/proc/self/maps").read_text().splitlines()
        if line.endswith(str(path))
    ]
    holding = []
    for addresses, rights, *_ in maps:
        low, high = (int(end, 16) for end in addresses.split("-"))
        if low <= start and start + images.nbytes <= high:
            holding.append(rights)
    # Never written to, so one copy in the page cache serves all processes.
    assert holding == ["r--p"]


def test_the_digest_tells_contents_apart() -> None:
    def digest(names: tuple[str, ...] = ("cat", "dog"), **changes: tuple[int, object]) -> str:
        columns = made().columns
        for name, (row, value) in changes.items():
            array = getattr(columns, name)
            array[row] = value
        return columns.digest(names)

    digests = [
        digest(),
        digest(names=("cat", "cow")),
        digest(images=(9, 7)),
        digest(labels=(9, 5)),
        digest(brought=(9, 5)),
        digest(contents=(9, b"x")),
    ]
    assert len(set(digests)) == len(digests)
    assert digest() in digests


@pytest.mark.parametrize("length", [0, 100, -200])
def test_a_damaged_file_is_named(length: int, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(StorageError, match=r"k\.arrow is damaged .* Delete it"):
        open_pack(path)


def test_a_foreign_arrow_file_is_named(tmp_path: Path) -> None:
    with pa.ipc.new_file(str(tmp_path / "k.arrow"), pa.schema({"x": pa.int64()})):
        pass
    with pytest.raises(StorageError, match=r"k\.arrow is damaged"):
        open_pack(tmp_path / "k.arrow")


def test_another_version_is_refused(tmp_path: Path) -> None:
    newer = made().head.model_copy(update={"version": VERSION + 1})
    write_pack(tmp_path / "k.arrow", Pack(newer, made().columns))
    with pytest.raises(InputError, match=f"version {VERSION + 1} .* reads version {VERSION}"):
        open_pack(tmp_path / "k.arrow")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*k\.arrow"):
        open_pack(tmp_path / "k.arrow")
