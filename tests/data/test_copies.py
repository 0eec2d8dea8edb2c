import numpy as np

from tatl_search.config import DataSettings
from tatl_search.data.collection import SplitName
from tatl_search.data.copies import find_copies, say_copies
from tatl_search.data.splits import cut
from tests.data.made import packed

TRAIN, VAL, TEST = SplitName


def test_copies_are_named_with_their_splits_and_labels() -> None:
    """Contents by letter: a in train and test, b twice in train, c with two labels."""
    contents = [ord(letter) for letter in "abcdbcxyza"]
    labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]
    brought = [TRAIN] * 7 + [VAL, VAL, TEST]
    pack = packed(2, labels, brought, contents)
    found = find_copies(pack, cut(pack, DataSettings()))
    assert [[str(place) for place in copies.places] for copies in found] == [
        ["train 0.jpg", "test 9.jpg"],
        ["train 1.jpg", "train 4.jpg"],
        ["train 2.jpg", "train 5.jpg"],
    ]
    assert [copies.leak for copies in found] == [True, False, False]
    assert [copies.contradict for copies in found] == [False, False, True]
    assert [place.label for place in found[2].places] == ["c0", "c1"]
    assert say_copies(found) == (
        "images that occur more than once: 3, in several splits: 1, with several labels: 1;"
        " tatl-search data check lists them",
    )


def test_images_left_aside_leak_nothing() -> None:
    pack = packed(2, [0, 0, 1, 1, 0, 1, 0], [TRAIN] * 4 + [VAL, VAL, TEST], [1, 2, 3, 4, 5, 6, 1])
    for row in range(2):
        parts = {TRAIN: np.array([1 - row, 2]), VAL: np.array([4, 5]), TEST: np.array([6])}
        (copies,) = find_copies(pack, parts)
        assert copies.leak is (row == 1)
        assert str(copies.places[0]) == ("train 0.jpg" if row else "unused 0.jpg")


def test_no_copies() -> None:
    pack = packed(2, [0, 1] * 10, [TRAIN] * 20, list(range(20)))
    assert find_copies(pack, cut(pack, DataSettings())) == ()
    assert say_copies(()) == ()
