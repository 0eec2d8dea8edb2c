"""Orders of an epoch: every image once, and large sets by blocks."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tatl_search.data.order import WHOLE_BYTES, epoch_order, order_by_blocks
from tatl_search.data.target import Rows, Split


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def split_of(side: int, rows: Rows) -> Split:
    """Make a split of one black image many times over, which takes no memory."""
    one = np.zeros((1, side, side, 3), np.uint8)
    images = np.broadcast_to(one, (int(rows.max()) + 1, side, side, 3))
    return Split(images, rows, np.zeros(len(rows), np.int64))


def test_a_small_split_is_shuffled_as_a_whole() -> None:
    order = epoch_order(split_of(16, np.arange(50)), seeded())
    assert order.tolist() == torch.randperm(50, generator=seeded()).tolist()


def test_a_large_split_is_shuffled_by_blocks() -> None:
    side = 2048
    rows = np.random.default_rng(0).permutation(400)
    split = split_of(side, rows)
    assert len(split) * side * side * 3 > WHOLE_BYTES
    order = epoch_order(split, seeded())
    assert sorted(order.tolist()) == list(range(400))
    # A window is 128 blocks of one image each: 8 MiB hold no second one.
    assert order.tolist() == order_by_blocks(rows, 1, 128, seeded()).tolist()


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(1, 60),
    block=st.integers(1, 9),
    window=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_every_image_once(count: int, block: int, window: int, seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(3 * count)[:count]
    order = order_by_blocks(rows, block, window, seeded(seed))
    assert sorted(order.tolist()) == list(range(count))
    assert order.tolist() == order_by_blocks(rows, block, window, seeded(seed)).tolist()


def test_windows_hold_whole_blocks_of_neighbours() -> None:
    """60 images stored in some order, blocks of 5, windows of 3 blocks."""
    rows = np.random.default_rng(0).permutation(60)
    stored = rows[order_by_blocks(rows, 5, 3, seeded(1))]
    block_of = stored // 5
    windows = [stored[start : start + 15] for start in range(0, 60, 15)]
    together = [set(block_of[start : start + 15].tolist()) for start in range(0, 60, 15)]
    assert [len(blocks) for blocks in together] == [3, 3, 3, 3]
    assert set().union(*together) == set(range(12))
    assert together != [{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9, 10, 11}]
    for window in windows:
        assert window.tolist() != sorted(window.tolist())
        assert (np.diff(window // 5) != 0).sum() > 3  # its blocks are mixed


def test_epochs_differ() -> None:
    generator = seeded()
    first, second = (order_by_blocks(np.arange(40), 4, 3, generator) for _ in range(2))
    assert first.tolist() != second.tolist()
