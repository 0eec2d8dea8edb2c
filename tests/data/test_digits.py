import numpy as np
from sklearn.datasets import load_digits

from tatl_search.config import DataSettings
from tatl_search.data.collection import SplitName
from tatl_search.data.digits import open_digits


def test_all_digits_are_there_with_their_labels() -> None:
    collection = open_digits(DataSettings()).read(16)
    assert collection.class_names == tuple("0123456789")
    np.testing.assert_array_equal(collection.labels, load_digits().target)
    assert (collection.brought == SplitName.TRAIN).all()


def test_grey_levels_are_stretched_to_bytes() -> None:
    """At twice the size, averaging 2 x 2 pixels gives back the digits' 16 levels roughly."""
    digits = load_digits()
    collection = open_digits(DataSettings()).read(16)
    for index in (0, 1, 1796):
        square = collection.square(index)
        assert (square[..., 0] == square[..., 1]).all()
        small = square[..., 0].reshape(8, 2, 8, 2).mean(axis=(1, 3))
        correlation = np.corrcoef(small.ravel(), digits.images[index].ravel())[0, 1]
        assert correlation > 0.99
        assert square.max() >= 230
