import os
from dataclasses import replace
from pathlib import Path

import pytest

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection
from tatl_search.data.packed import open_pack
from tatl_search.data.publishing import publish
from tatl_search.data.sources import load_pack, origin_of
from tatl_search.errors import InputError, StorageError
from tests.data.made import write_tree


@pytest.fixture
def settings(tmp_path: Path) -> DataSettings:
    root = write_tree(tmp_path / "tree", {"a": 6, "b": 6})
    (root / "a" / "x.jpg").touch()
    return DataSettings(source="folder", path=str(root), image_size=16)


@pytest.mark.parametrize("as_uri", [False, True])
def test_the_file_holds_what_a_sweep_would_pack(
    as_uri: bool, tmp_path: Path, settings: DataSettings
) -> None:
    path = tmp_path / "new" / "set.arrow"
    head, images = publish(origin_of(settings), path.as_uri() if as_uri else str(path))
    assert (images, len(head.left_out)) == (12, 1)
    assert open_pack(path).head == head == load_pack(settings).head
    assert [found.name for found in path.parent.iterdir()] == ["set.arrow"]


@pytest.mark.parametrize("as_uri", [False, True])
def test_what_is_there_stays(as_uri: bool, tmp_path: Path, settings: DataSettings) -> None:
    path = tmp_path / "set.arrow"
    path.write_text("mine")
    with pytest.raises(InputError, match=r"set\.arrow exists already"):
        publish(origin_of(settings), path.as_uri() if as_uri else str(path))
    assert path.read_text() == "mine"


def test_files_of_like_names_stay(tmp_path: Path, settings: DataSettings) -> None:
    names = [
        "set.lock",
        "set.arrow.lock",
        "set.arrow.spool",
        "set.arrow.partial",
        ".set.arrow.lock",
    ]
    for name in names:
        (tmp_path / name).write_text(f"mine: {name}")
    publish(origin_of(settings), str(tmp_path / "set.arrow"))
    assert {name: (tmp_path / name).read_text() for name in names} == {
        name: f"mine: {name}" for name in names
    }
    assert sorted(found.name for found in tmp_path.iterdir()) == sorted(
        [*names, "set.arrow", "tree"]
    )


def test_a_name_that_is_taken_meanwhile_stays(tmp_path: Path, settings: DataSettings) -> None:
    origin = origin_of(settings)
    path = tmp_path / "set.arrow"

    def read() -> Collection:
        path.write_text("somebody else's")
        return origin.read()

    with pytest.raises(InputError, match=r"set\.arrow exists already"):
        publish(replace(origin, read=read), str(path))
    assert path.read_text() == "somebody else's"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["set.arrow", "tree"]


def test_another_ending_is_refused(tmp_path: Path, settings: DataSettings) -> None:
    with pytest.raises(InputError, match=r"name ends in \.arrow"):
        publish(origin_of(settings), str(tmp_path / "set.parquet"))


@pytest.mark.parametrize("as_uri", [False, True])
def test_a_place_that_cannot_be_written(
    as_uri: bool, tmp_path: Path, settings: DataSettings
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "set.arrow"
    # Of a place here it is known before anything is packed.
    refusal = StorageError if as_uri else InputError
    with pytest.raises(refusal, match=r"cannot be (written|reached|made)"):
        publish(origin_of(settings), path.as_uri() if as_uri else str(path))


def test_images_that_make_no_task_leave_nothing(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"a": 6})
    settings = DataSettings(source="folder", path=str(root), image_size=16)
    with pytest.raises(InputError, match="one class only"):
        publish(origin_of(settings), str(tmp_path / "out" / "set.arrow"))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("a_file/x.arrow", "Not a directory"),
        (f"{'x' * 300}.arrow", "File name too long"),
        (os.fsdecode(b"caf\xe9.arrow"), "a part of its path is not UTF-8"),
    ],
)
def test_what_cannot_be_made_is_refused_before_packing(
    place: str, said: str, tmp_path: Path, settings: DataSettings
) -> None:
    def read() -> Collection:
        raise AssertionError("nothing is to be read")

    (tmp_path / "a_file").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=f"cannot be made: {said}"):
        publish(replace(origin_of(settings), read=read), str(tmp_path / place))
    assert sorted(tmp_path.rglob("*")) == before
