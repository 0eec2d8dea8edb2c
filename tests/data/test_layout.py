"""Which folders of a tree are splits, which are classes, and which trees are neither."""

from pathlib import Path

import pytest

from tatl_search.data.collection import Collection, SplitName
from tatl_search.data.names import split_named
from tatl_search.errors import InputError
from tests.data.made import read_folder, write_tree

TRAIN, VAL, TEST = SplitName
CLASSES = ("cat", "dog")


def counts(collection: Collection) -> dict[tuple[str, SplitName], int]:
    """Return the number of images of each class in each split."""
    pairs = zip(collection.labels.tolist(), collection.brought.tolist(), strict=True)
    found: dict[tuple[str, SplitName], int] = {}
    for label, split in pairs:
        key = (collection.class_names[label], SplitName(split))
        found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize(
    "folders",
    [
        {"Training": TRAIN, "Testing": TEST},
        {"Train": TRAIN, "Test": TEST},
        {"TRAIN": TRAIN, "VAL": VAL},
        {"training": TRAIN, "validation": VAL},
        {"train": TRAIN, "valid": VAL, "test": TEST},
        {"train": TRAIN, "dev": VAL},
        {"training_set": TRAIN, "test_set": TEST},
        {"Train Images": TRAIN, "Test Images": TEST},
        {"seg_train/seg_train": TRAIN, "seg_test/seg_test": TEST},
        {"training_set/training_set": TRAIN, "test_set/test_set": TEST},
        {"train/Train": TRAIN, "val": VAL},
    ],
    ids=str,
)
def test_splits_are_known_by_their_usual_names(
    folders: dict[str, SplitName], tmp_path: Path
) -> None:
    sizes = {TRAIN: 3, VAL: 2, TEST: 1}
    root = write_tree(
        tmp_path,
        {f"{folder}/{name}": sizes[split] for folder, split in folders.items() for name in CLASSES},
    )
    collection = read_folder(root)
    assert collection.class_names == CLASSES
    assert counts(collection) == {
        (name, split): sizes[split] for split in folders.values() for name in CLASSES
    }
    assert collection.notes == ()


@pytest.mark.parametrize("name", ["trainer", "train2", "tests", "contest", "vale", "set", ""])
def test_other_words_are_no_splits(name: str) -> None:
    assert split_named(name) is None


def test_unlabelled_images_beside_the_splits_are_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"seg_train/cat": 1, "seg_train/dog": 1, "seg_pred": 3})
    assert read_folder(root).notes == (
        "folder seg_pred/ is not used: splits are train/, val/ and test/",
    )


@pytest.mark.parametrize("classes", [("Test", "Training"), ("test", "tram"), ("train", "val")])
def test_classes_may_be_called_like_splits(classes: tuple[str, str], tmp_path: Path) -> None:
    assert read_folder(write_tree(tmp_path, dict.fromkeys(classes, 2))).class_names == classes


@pytest.mark.parametrize(
    ("trees", "said"),
    [
        (("fold1/cat", "fold1/dog", "fold2/cat", "fold2/dog"), ("fold1/, fold2/", "cat/, dog/")),
        (("cat/train", "cat/test", "dog/train", "dog/test"), ("cat/, dog/", "test/, train/")),
        (("a/x", "a/y", "a/z", "b/x", "b/y"), ("a/, b/", "x/, y/")),
        (("train/site1/cat", "train/site1/dog", "train/site2/cat", "train/site2/dog"), ("site1/",)),
        (("2021/caf\u00e9", "2021/dog", "2022/cafe\u0301", "2022/Dog"), ("2021/, 2022/",)),
    ],
    ids=str,
)
def test_folders_between_splits_and_classes_are_refused(
    trees: tuple[str, ...], said: tuple[str, ...], tmp_path: Path
) -> None:
    root = write_tree(tmp_path, dict.fromkeys(trees, 2))
    (root / Path(trees[0]).parent / "readme.txt").write_text("no image")
    with pytest.raises(InputError, match="of the same names") as caught:
        read_folder(root)
    for part in (*said, "data.source=table"):
        assert part in str(caught.value)


def test_a_folder_around_all_is_refused(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"set/train/cat": 1, "set/train/dog": 1})
    with pytest.raises(InputError, match=r"one folder only, set/, .* as data\.path"):
        read_folder(root)
    assert read_folder(root / "set").class_names == CLASSES


@pytest.mark.parametrize(
    "trees",
    [
        ("cat/images", "dog/images"),  # as in Tiny ImageNet
        ("cat/tom", "cat/kitty", "dog/rex", "dog/lassie"),
        ("cat/left", "cat/right", "dog", "dog/left"),
    ],
    ids=str,
)
def test_folders_within_classes_are_read_folder(trees: tuple[str, ...], tmp_path: Path) -> None:
    collection = read_folder(write_tree(tmp_path, dict.fromkeys(trees, 2)))
    assert collection.class_names == CLASSES
    assert len(collection.labels) == 2 * len(trees)


@pytest.mark.parametrize(
    ("trees", "message"),
    [
        (("train/cat", "training/cat"), "has both train/ and training/, which name one split"),
        (("val/cat", "Val/cat", "train/cat"), "has both Val/ and val/"),
        (("Testing/cat", "Testing/dog"), "has Testing/ but no train/"),
    ],
)
def test_splits_that_contradict_are_refused(
    trees: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        read_folder(write_tree(tmp_path, dict.fromkeys(trees, 1)))


def test_a_class_written_otherwise_in_another_split_is_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"train/Cat": 1, "train/dog": 1, "val/cat": 1})
    with pytest.raises(InputError, match=r"has not: cat \(which has 'Cat'\)"):
        read_folder(root)
