from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tatl_search.config import DataSettings
from tatl_search.data.collection import SplitName
from tatl_search.data.packed import Pack
from tatl_search.data.splits import cut, remarks
from tatl_search.errors import InputError
from tests.data.made import packed

TRAIN, VAL, TEST = SplitName


def collection(
    train: list[int], val: list[int] | None = None, test: list[int] | None = None
) -> Pack:
    """Make so many images of each class in each split, no two alike."""
    labels: list[int] = []
    brought: list[int] = []
    for split, counts in ((TRAIN, train), (VAL, val or []), (TEST, test or [])):
        for label, count in enumerate(counts):
            labels += [label] * count
            brought += [split] * count
    return packed(len(train), labels, brought, contents=list(range(len(labels))))


def counts(found: Pack, config: DataSettings) -> dict[str, list[int]]:
    """Return the number of images of each class in each split."""
    return {
        split.folder: np.bincount(found.labels[indices], minlength=len(found.class_names)).tolist()
        for split, indices in cut(found, config).items()
    }


def test_test_is_cut_first_then_validation() -> None:
    """20 % of 100 and of 50 are test; 20 % of the 80 and 40 left are validation."""
    assert counts(collection([100, 50]), DataSettings()) == {
        "test": [20, 10],
        "val": [16, 8],
        "train": [64, 32],
    }


def test_splits_of_the_source_stay_as_they_are() -> None:
    found = collection([10, 10], val=[3, 4], test=[5, 0])
    splits = cut(found, DataSettings(per_class=2))
    assert counts(found, DataSettings(per_class=2)) == {
        "train": [2, 2],
        "val": [3, 4],
        "test": [5, 0],
    }
    assert set(splits[VAL]) == set(np.flatnonzero(found.brought == VAL))
    assert set(splits[TEST]) == set(np.flatnonzero(found.brought == TEST))


def test_validation_of_a_size_of_its_own() -> None:
    found = collection([1000, 30])
    assert counts(found, DataSettings(per_class=5, val_per_class=50))["val"] == [50, 5]
    assert counts(found, DataSettings(val_per_class=50))["val"] == [50, 5]


@pytest.mark.parametrize(
    ("per_class", "val_share", "val"),
    [(100, 0.2, 25), (100, 0.5, 100), (10, 0.2, 20), (3, 0.2, 20), (900, 0.2, 200)],
)
def test_validation_keeps_pace_with_per_class(per_class: int, val_share: float, val: int) -> None:
    """Of 1000 a class val_share are cut; kept are per_class * share / (1 - share), at least 20."""
    found = counts(
        collection([1000, 1000], test=[10, 10]),
        DataSettings(per_class=per_class, val_share=val_share),
    )
    kept = min(per_class, 1000 - round(1000 * val_share))
    assert found == {"train": [kept] * 2, "val": [val] * 2, "test": [10, 10]}


def test_validation_does_not_grow_to_twenty_where_there_are_fewer() -> None:
    assert counts(collection([20, 40], test=[1, 1]), DataSettings(per_class=5))["val"] == [4, 8]


def test_smaller_subsets_lie_in_larger_ones() -> None:
    found = collection([50, 60, 70])
    subsets = [set(cut(found, DataSettings(per_class=n))[TRAIN]) for n in (1, 5, 20)]
    assert subsets[0] < subsets[1] < subsets[2] < set(cut(found, DataSettings())[TRAIN])


def test_seeds_give_different_cuts_and_repeat() -> None:
    found = collection([40, 40])
    first, again, other = (
        cut(found, DataSettings(split_seed=seed))[TEST].tolist() for seed in (1, 1, 2)
    )
    assert first == again
    assert set(first) != set(other)


def test_the_cut_is_the_same_on_every_machine() -> None:
    """A change of these figures would change everyone's splits."""
    splits = cut(collection([6, 6]), DataSettings(split_seed=3))
    assert {split.folder: splits[split].tolist() for split in SplitName} == {
        "train": [10, 1, 4, 6, 9, 5, 3, 8],
        "val": [7, 0],
        "test": [11, 2],
    }


def test_images_are_shuffled_within_a_split() -> None:
    """The first images of a split stand for all classes."""
    found = collection([100, 100], val=[50, 50], test=[50, 50])
    for indices in cut(found, DataSettings()).values():
        assert set(found.labels[indices[:20]]) == {0, 1}


@settings(max_examples=60, deadline=None)
@given(
    train=st.lists(st.integers(3, 40), min_size=2, max_size=6),
    val_share=st.floats(0.05, 0.6),
    test_share=st.floats(0.05, 0.6),
    seed=st.integers(0, 5),
)
def test_cuts_are_stratified_disjoint_and_whole(
    train: list[int], val_share: float, test_share: float, seed: int
) -> None:
    found = collection(train)
    config = DataSettings(val_share=val_share, test_share=test_share, split_seed=seed)
    test = [max(1, min(total - 1, int(total * test_share + 0.5))) for total in train]
    left = [total - gone for total, gone in zip(train, test, strict=True)]
    val = [max(min(1, rest - 1), min(rest - 1, int(rest * val_share + 0.5))) for rest in left]
    if not any(val):
        with pytest.raises(InputError, match="none is left for val"):
            cut(found, config)
        return
    splits = cut(found, config)
    assert Counter(np.concatenate(list(splits.values())).tolist()) == Counter(range(sum(train)))
    sizes = counts(found, config)
    assert (sizes["test"], sizes["val"]) == (test, val)
    assert min(sizes["train"]) >= 1


def test_copies_of_an_image_stay_together() -> None:
    """Without this, a tenth of the test images below would also be trained on."""
    labels = [0] * 100 + [1] * 100
    contents = [row // 2 if row < 50 else row for row in range(200)]
    found = packed(2, labels, [TRAIN] * 200, contents)
    for seed in range(20):
        splits = cut(found, DataSettings(split_seed=seed))
        seen = [{contents[row] for row in indices} for indices in splits.values()]
        assert sum(map(len, splits.values())) == 200
        assert sum(map(len, seen)) == len(set(contents))
        # 75 contents of class 0 and 100 of class 1 are dealt.
        first, second = (Counter(contents[row] >= 100 for row in splits[TEST])[k] for k in (0, 1))
        assert (len(seen[2]), second) == (15 + 20, 20)
        assert first >= 15


@settings(max_examples=40, deadline=None)
@given(contents=st.lists(st.integers(0, 12), min_size=40, max_size=80), seed=st.integers(0, 5))
def test_no_cut_leaks(contents: list[int], seed: int) -> None:
    labels = [content % 2 for content in contents]
    if min(len({c for c in contents if c % 2 == label}) for label in (0, 1)) < 3:
        return
    splits = cut(packed(2, labels, [TRAIN] * len(labels), contents), DataSettings(split_seed=seed))
    seen = [{contents[row] for row in indices} for indices in splits.values()]
    assert sum(map(len, seen)) == len(set(contents))


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ([5], r"one class only \('c0'\)"),
        ([5, 0, 0], "no usable training image for class 'c1', 'c2'"),
        ([1, 0, 1], "2 training images are too few for 3 classes"),
        ([1, 1], "2 images are too few to be cut into three splits: none is left for val"),
    ],
)
def test_too_little_is_refused(train: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        cut(collection(train), DataSettings())


def test_remarks_on_what_comes_short() -> None:
    found = collection([30, 8, 2], val=[5, 5, 0], test=[5, 5, 5])
    config = DataSettings(per_class=10)
    assert remarks(found, cut(found, config), config) == (
        "classes are imbalanced: from 2 ('c2') to 10 ('c0') training images",
        "fewer training images than the 10 asked for: c1 (8), c2 (2)",
        "no val images for: c2",
    )


def test_nothing_to_remark() -> None:
    found = collection([30, 20])
    assert remarks(found, cut(found, DataSettings()), DataSettings()) == ()
