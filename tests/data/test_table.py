import codecs
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
        pa.array(["10", "9", "2"], pa.string_view()),
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
        (["path,label,split", "a.jpg,x,fold1"], "row 1: split 'fold1' is none of train, val"),
        (["path,label,split", "a.jpg,x,val", "b.jpg,y,test"], "'split' puts no image into train"),
        (["path,label", "a.jpg,x", "b.jpg,x,y"], "set.csv, row 2: 3 values for 2 columns"),
        (["path,label", "a.jpg,x", "", "b.jpg,"], "set.csv, row 3: 'label' is empty"),
        (["path,label", '"a.jpg,x', "b.jpg,y"], "set.csv, row 1: 1 values for 2 columns"),
        (["path,label", 'a.jpg,"x', "b.jpg,y"], "row 1: 'label' holds a line break"),
        (["path,label,label", "a.jpg,x,y"], "has 2 columns 'label'"),
        (["path,label,path,path", "a.jpg,x,b,c"], "has 3 columns 'path'"),
        (["path,label,split,split", "a.jpg,x,train,test"], "has 2 columns 'split'"),
        (["path,label", r"C:\a.jpg,x"], r"row 1: path 'C:\\a.jpg' is one of another computer"),
        (["path,label", "a.jpg,x", r"\\server\a.jpg,x"], "row 2: path .* is one of another"),
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


def write_bytes(root: Path, content: bytes) -> Path:
    (root / "set.csv").write_bytes(content)
    return root / "set.csv"


ROWS = "path,label,remark\nimages/0.jpg,caf\u00e9,\nimages/1.jpg,tea,x\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_form_of_csv_is_the_same_table(
    encoding: str, delimiter: str, newline: str, tmp_path: Path
) -> None:
    write_images(tmp_path, 2)
    text = ROWS.replace(",", delimiter).replace("\n", newline)
    mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    collection = read(write_bytes(tmp_path, mark + text.encode(encoding)))
    assert seen(collection) == [(0, "caf\u00e9", TRAIN), (1, "tea", TRAIN)]


@pytest.mark.parametrize(
    "rows",
    [
        ["path , label", '"images/0.jpg", "big cat"', 'images/1.jpg,"  dog "'],
        ['"path","label"', '" images/0.jpg" ,big cat', '  images/1.jpg , " dog"'],
        ["", "path,label", "", "images/0.jpg,big cat", ",", "  ", "images/1.jpg,dog"],
    ],
    ids=["blanks before quotes", "blanks within quotes", "empty rows"],
)
def test_blanks_and_quotes_around_values_do_not_matter(rows: list[str], tmp_path: Path) -> None:
    write_images(tmp_path, 2)
    assert seen(read(write_csv(tmp_path, *rows))) == [(0, "big cat", TRAIN), (1, "dog", TRAIN)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ROWS.encode("cp1252"), r"set\.csv, line 2: this is no text in UTF-8; save"),
        (ROWS.encode("utf-16-le"), "this is no text in UTF-8"),
        (codecs.BOM_UTF16_LE + b"a", "this is no text in UTF-16"),
        (b"PK\x03\x04" + bytes(50), r"set\.csv is no text in UTF-8"),
    ],
    ids=["cp1252", "utf-16 without a mark", "half a character", "a zip file"],
)
def test_other_encodings_are_refused_with_what_to_do(
    content: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        read(write_bytes(tmp_path, content))


def test_columns_that_are_not_used_may_occur_twice(tmp_path: Path) -> None:
    assert read(write_csv(tmp_path, "path,label,x,x", "a,b,,")).class_names == ("b",)


def test_parquet_with_a_column_twice(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"])] * 3, names=["path", "label", "label"])
    parquet.write_table(table, tmp_path / "set.parquet")
    with pytest.raises(InputError, match="has 2 columns 'label'"):
        read(tmp_path / "set.parquet")


def test_paths_of_windows_are_read(tmp_path: Path) -> None:
    write_images(tmp_path, 3)
    write_jpeg(tmp_path / r"images\3.jpg", 9)  # a name that has a backslash on this system
    rows = [rf"images\{n}.jpg,x" for n in (0, 1, 3)] + [r"images\../images/2.jpg,x"]
    collection = read(write_csv(tmp_path, "path,label", *rows))
    assert [grey(collection.image(i)) for i in range(4)] == [0, 1, 9, 2]
    assert collection.names[:2] == ["images/0.jpg", "images/1.jpg"]


def test_a_lock_file_of_office_is_no_image(tmp_path: Path) -> None:
    write_images(tmp_path, 2)
    rows = ["images/0.jpg,cat", "~$set.csv,lock", "images/1.jpg,dog", r"images\~$set.xlsx,lock"]
    collection = read(write_csv(tmp_path, "path,label", *rows))
    assert seen(collection) == [(0, "cat", TRAIN), (1, "dog", TRAIN)]
    assert [note.split(" (")[0] for note in collection.notes] == [
        "left out: row 2, ~$set.csv",
        r"left out: row 4, images\~$set.xlsx",
    ]


def test_a_lock_file_of_office_is_no_table(tmp_path: Path) -> None:
    lock = tmp_path / "~$set.csv"
    lock.write_bytes(b"\x04name" + bytes(100))
    with pytest.raises(InputError, match=r"Office locks a table .* as in set\.csv"):
        read(lock)


def test_a_home_that_nobody_has_is_a_name_like_any_other(tmp_path: Path) -> None:
    write_images(tmp_path, 1)
    collection = read(write_csv(tmp_path, "path,label", "~no such user/0.jpg,x", "images/0.jpg,y"))
    assert collection.names[0] == "~no such user/0.jpg"


def test_labels_are_compared_in_one_form(tmp_path: Path) -> None:
    rows = ["a.jpg,caf\u00e9", "b.jpg,cafe\u0301", "c.jpg,tea"]
    collection = read(write_csv(tmp_path, "path,label", *rows))
    assert collection.class_names == ("caf\u00e9", "tea")
    assert collection.labels.tolist() == [0, 0, 1]


def test_splits_go_by_their_usual_names(tmp_path: Path) -> None:
    words = ("Train", "TRAINING", "Validation", "dev", "testing")
    rows = [f"{place}.jpg,x,{word}" for place, word in enumerate(words)]
    collection = read(write_csv(tmp_path, "path,label,split", *rows))
    assert collection.brought.tolist() == [TRAIN, TRAIN, VAL, VAL, TEST]
