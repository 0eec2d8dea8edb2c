import numpy as np

from tatl_search.config import DataSettings
from tatl_search.data.checking import count_images, examine, stored_splits
from tatl_search.data.collection import SplitName
from tatl_search.data.splits import cut
from tests.data.made import packed

TRAIN, VAL, TEST = SplitName


def test_findings_are_sorted_by_what_they_mean() -> None:
    """0 leaks, 1 has two labels and leaks as well, 2 is there twice in train."""
    contents = [0, 0, 1, 1, 2, 2, 9, 8, 7, 6]
    labels = [0, 0, 0, 1, 1, 1, 0, 1, 0, 1]
    brought = [TRAIN, VAL, TRAIN, TEST, TRAIN, TRAIN, VAL, VAL, TEST, TEST]
    found = examine(packed(2, labels, brought, contents), DataSettings())
    assert [str(copies.places[0]) for copies in found.leaking] == ["train 0.jpg", "train 2.jpg"]
    assert [str(copies.places[1]) for copies in found.contradicting] == ["test 3.jpg"]
    assert [str(copies.places[1]) for copies in found.repeated] == ["train 5.jpg"]
    assert found.to_dict()["with_several_labels"] == [
        [
            {"name": "2.jpg", "class": "c0", "split": "train"},
            {"name": "3.jpg", "class": "c1", "split": "test"},
        ]
    ]


def test_cuts_of_our_own_are_looked_at_as_well() -> None:
    """Two labels of one image cannot be kept together when classes are cut one by one."""
    labels = [0, 1] * 50
    contents = [row // 2 for row in range(100)]
    found = examine(packed(2, labels, [TRAIN] * 100, contents), DataSettings())
    assert len(found.contradicting) == 50
    assert 0 < len(found.leaking) < 50


def test_imbalance_and_short_classes_are_remarked() -> None:
    pack = packed(2, [0] * 40 + [1] * 5, [TRAIN] * 45, list(range(45)))
    found = examine(pack, DataSettings(per_class=10))
    assert [remark.split(":")[0] for remark in found.remarks] == [
        "classes are imbalanced",
        "fewer training images than the 10 asked for",
    ]


def test_images_are_counted_by_class_and_split() -> None:
    pack = packed(2, [0, 0, 0, 1, 1], [TRAIN, TRAIN, TEST, TRAIN, TEST], list(range(5)))
    assert count_images(pack, stored_splits(pack)) == {
        "c0": {TRAIN: 2, VAL: 0, TEST: 1},
        "c1": {TRAIN: 1, VAL: 0, TEST: 1},
    }
    larger = packed(2, [0, 1] * 50, [TRAIN] * 100, list(range(100)))
    parts = cut(larger, DataSettings())
    assert count_images(larger, parts)["c0"] == {TRAIN: 32, VAL: 8, TEST: 10}
    assert sum(map(len, parts.values())) == np.size(larger.labels)
