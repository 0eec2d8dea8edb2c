import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from tatl_search.data.class_weights import balanced_weights


@given(counts=st.lists(st.integers(1, 40), min_size=2, max_size=8))
def test_equal_to_scikit_learns(counts: list[int]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    found = balanced_weights(labels, len(counts)).numpy()
    expected = compute_class_weight("balanced", classes=np.arange(len(counts)), y=labels)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found[labels].mean() == pytest.approx(1.0, rel=1e-5)


def test_by_hand() -> None:
    """Six images, three classes; the last has none and weighs as if it had one."""
    assert balanced_weights(np.array([0, 0, 0, 0, 1, 1]), 3).tolist() == [0.5, 1.0, 2.0]
