import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection, SplitName
from tatl_search.data.table import open_table
from tatl_search.errors import InputError
from tests.data.layouts import grey, seen, write_jpeg

TRAIN, VAL, TEST = SplitName


def read(table: Path) -> Collection:
    return open_table(DataSettings(source="table", path=str(table))).read()


def write_csv(root: Path, *rows: str) -> Path:
    (root / "set.csv").write_text("\n".join(rows) + "\n")
    return root / "set.csv"


def write_images(root: Path, count: int) -> None:
    for number in range(count):
        write_jpeg(root / "images" / f"{number}.jpg", number)


def test_csv_with_splits(tmp_path: Path) -> None:
    write_images(tmp_path, 4)
    table = write_csv(
        tmp_path,
        "label,split,path,remark",
        "dog,test,images/2.jpg,x",
        "cat,train,images/1.jpg,",
        'dog,val,"images/3.jpg","a, b"',
        "dog,train,images/0.jpg,",
    )
    collection = read(table)
    assert collection.class_names == ("cat", "dog")
    assert seen(collection) == [
        (0, "dog", TRAIN), (1, "cat", TRAIN), (2, "dog", TEST), (3, "dog", VAL)
    ]  # fmt: skip
    assert collection.names[0] == "images/2.jpg"


def test_without_splits_all_is_for_training(tmp_path: Path) -> None:
    collection = read(write_csv(tmp_path, "path,label", "a.jpg,x", "b.jpg,y"))
    assert collection.brought.tolist() == [TRAIN, TRAIN]


@pytest.mark.parametrize(
    "labels",
    [
        pa.array([10, 9, 2], pa.int64()),
        pa.array([10, 9, 2], pa.uint8()),
        pa.array(["10", "9", "2"]),
        pa.array(["10", "9", "2"], pa.large_string()),
        pa.array(["10", "9", "2"]).dictionary_encode(),
    ],
    ids=lambda labels: str(labels.type),
)
def test_parquet_of_numbers_in_their_order(labels: pa.Array, tmp_path: Path) -> None:
    write_images(tmp_path, 3)
    paths = [f"images/{number}.jpg" for number in range(3)]
    parquet.write_table(pa.table({"path": paths, "label": labels}), tmp_path / "set.parquet")
    collection = read(tmp_path / "set.parquet")
    assert collection.class_names == ("2", "9", "10")
    assert seen(collection) == [(0, "10", TRAIN), (1, "9", TRAIN), (2, "2", TRAIN)]


def test_names_of_digits_stay_text(tmp_path: Path) -> None:
    collection = read(write_csv(tmp_path, "path,label", "1.jpg,007", "2.jpg,10", "3.jpg,-3"))
    assert collection.class_names == ("-3", "007", "10")


def test_absolute_home_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PHOTOS", str(tmp_path / "images"))
    write_images(tmp_path, 3)
    (tmp_path / "tables").mkdir()
    paths = [f"{tmp_path}/images/0.jpg", "~/images/1.jpg", "$PHOTOS/2.jpg"]
    table = write_csv(tmp_path / "tables", "path,label", *(f"{path},a" for path in paths))
    collection = read(table)
    assert [grey(collection.image(i)) for i in range(3)] == [0, 1, 2]
    assert collection.names[0] == os.path.join("..", "images", "0.jpg")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["path,label"], "set.csv has no rows"),
        (["file,label", "a,b"], "no column 'path', only file, label; columns are path, label and"),
        (["path,split", "a,train"], "no column 'label'"),
        (["path,label", "a.jpg,x", "b.jpg,"], "set.csv, row 2: 'label' is empty"),
        (["path,label", " ,x"], "set.csv, row 1: 'path' is empty"),
        (["path,label,split", "a.jpg,x,training"], "row 1: split 'training' is none of train, val"),
        (["path,label,split", "a.jpg,x,val", "b.jpg,y,test"], "'split' puts no image into train"),
        (["path,label", "a.jpg,x", "b.jpg,x,y"], "set.csv cannot be read: CSV parse error: Exp"),
        (
            ["path,label", "a.jpg,x", "./a.jpg,y"],
            r"a.jpg is listed twice in train: .*row 1 \(label 'x'\); .*row 2 \(label 'y'\)",
        ),
        (
            ["path,label,split", "a.jpg,x,train", "a.jpg,x,test"],
            "a.jpg is listed in both train and test",
        ),
    ],
)
def test_faults_name_file_and_row(rows: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(write_csv(tmp_path, *rows))


def test_parquet_of_other_kinds(tmp_path: Path) -> None:
    file = tmp_path / "set.parquet"
    parquet.write_table(pa.table({"path": ["a"], "label": [1.5]}), file)
    with pytest.raises(InputError, match="'label' is of type double; it has to be text or whole"):
        read(file)
    parquet.write_table(pa.table({"path": [1], "label": [1]}), file)
    with pytest.raises(InputError, match=r"'path' is of type int64; it has to be text$"):
        read(file)
    parquet.write_table(pa.table({"path": ["a", "b"], "label": [1, None]}), file)
    with pytest.raises(InputError, match="row 2: 'label' is empty"):
        read(file)
    file.write_text("hello")
    with pytest.raises(InputError, match=r"set.parquet cannot be read"):
        read(file)


def test_paths_that_are_no_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no table; name a .csv or .parquet file"):
        read(tmp_path)
    (tmp_path / "set.xlsx").touch()
    with pytest.raises(InputError, match=r"set.xlsx is no table"):
        read(tmp_path / "set.xlsx")
    (tmp_path / "set.csv").touch()
    with pytest.raises(InputError, match=r"set.csv cannot be read: Empty CSV file"):
        read(tmp_path / "set.csv")
