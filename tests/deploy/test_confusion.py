import numpy as np
import pytest

from tatl_search.deploy.confusion import ClassResult, Confusion, Mistake

# Of three cats one is taken for a dog and one for a bird; no bird was shown.
PETS = Confusion(("cat", "dog", "bird"), np.array([[1, 1, 1], [0, 4, 0], [0, 0, 0]]))


def test_accuracy_and_what_each_class_gets() -> None:
    assert (PETS.accuracy.accuracy, PETS.accuracy.images) == (5 / 7, 7)
    cat, dog, bird = PETS.classes
    assert cat == ClassResult("cat", images=3, predicted=1, correct=1)
    assert cat.accuracy is not None
    assert cat.accuracy.accuracy == pytest.approx(1 / 3)
    assert dog.precision is not None
    assert (dog.precision.accuracy, dog.precision.images) == (4 / 5, 5)
    assert bird.accuracy is None
    assert bird.precision is not None
    assert bird.precision.accuracy == 0.0


def test_mistakes_come_most_frequent_first() -> None:
    counts = np.array([[9, 1, 0], [0, 9, 3], [2, 0, 9]])
    assert Confusion(("a", "b", "c"), counts).mistakes == (
        Mistake("b", "c", 3),
        Mistake("c", "a", 2),
        Mistake("a", "b", 1),
    )


def test_plain_values_tell_all_counts() -> None:
    told = PETS.to_dict()
    counts = np.diag([found["correct"] for found in told["classes"]])
    for mistake in told["mistakes"]:
        true, predicted = (PETS.class_names.index(mistake[k]) for k in ("true", "predicted"))
        counts[true, predicted] = mistake["images"]
    np.testing.assert_array_equal(counts, PETS.counts)
