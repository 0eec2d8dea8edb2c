import numpy as np
from sklearn.datasets import load_digits

from tatl_search.config import DataSettings
from tatl_search.data.collection import SplitName
from tatl_search.data.digits import open_digits


def test_all_digits_are_there_with_their_labels() -> None:
    collection = open_digits(DataSettings()).read()
    assert collection.class_names == tuple("0123456789")
    np.testing.assert_array_equal(collection.labels, load_digits().target)
    assert (collection.brought == SplitName.TRAIN).all()


def test_grey_levels_are_stretched_to_bytes() -> None:
    digits = load_digits()
    collection = open_digits(DataSettings()).read()
    for index in (0, 1, 1796):
        image = collection.image(index)
        assert (image.mode, image.size) == ("RGB", (8, 8))
        for channel in np.moveaxis(np.asarray(image), 2, 0):
            np.testing.assert_array_equal(channel, np.rint(digits.images[index] * 255 / 16))
