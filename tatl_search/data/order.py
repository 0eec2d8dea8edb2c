"""In which order an epoch goes through the images."""

import numpy as np
import torch

from tatl_search.data.target import Rows, Split

WHOLE_BYTES = 4 * 2**30
"""Splits of up to so many bytes of pixels are shuffled as a whole. Fixed, so that the order does
not depend on a machine's memory."""

BLOCK_BYTES = 8 * 2**20
"""What is read from a disk in one go."""

WINDOW_BLOCKS = 128
"""Blocks whose images are shuffled among each other: 1 GiB, held in memory while it is used."""


def epoch_order(split: Split, generator: torch.Generator) -> Rows:
    """Return the places of all images of a split, each once, in random order.

    A split too large to stay in memory is shuffled by blocks, so that a disk is read in long
    runs; which images meet in a batch is then less random than in a whole shuffle.
    """
    image_bytes = int(np.prod(split.images.shape[1:]))
    if len(split) * image_bytes <= WHOLE_BYTES:
        return _permutation(len(split), generator)
    return order_by_blocks(split.rows, max(1, BLOCK_BYTES // image_bytes), WINDOW_BLOCKS, generator)


def order_by_blocks(rows: Rows, block: int, window: int, generator: torch.Generator) -> Rows:
    """Shuffle contiguous blocks of stored images, then the images within windows of blocks.

    Args:
        rows: (N,) which stored images there are.
        block: images a block.
        window: blocks whose images are shuffled among each other.
        generator: the only source of randomness.

    Returns:
        (N,) places in `rows`, each once.
    """
    stored = np.argsort(rows, kind="stable")
    blocks = np.split(stored, range(block, len(stored), block))
    shuffled = [blocks[place] for place in _permutation(len(blocks), generator)]
    windows = []
    for start in range(0, len(shuffled), window):
        images = np.concatenate(shuffled[start : start + window])
        windows.append(images[_permutation(len(images), generator)])
    return np.concatenate(windows)


def _permutation(count: int, generator: torch.Generator) -> Rows:
    drawn = torch.randperm(count, generator=generator, device=generator.device)
    order: Rows = drawn.cpu().numpy()
    return order
