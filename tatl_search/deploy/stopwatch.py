"""Time networks alone, so that noise is seen: blocks of passes, the networks in random order.

A machine speeds up and slows down over minutes. Networks measured one after the other would
differ by that too; taken by turns they share it, and how far a network's blocks lie apart says
how much of it there was.
"""

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pass = Callable[[], object]
"""One pass of a batch; it returns when the device has finished."""

WARM_UPS = 5
MEDIAN, HIGH = 50, 90


@dataclass(frozen=True)
class Schedule:
    """How long is measured.

    Attributes:
        blocks: how often each network's turn comes.
        seconds: least time of a block, the warm-up not counted.
        passes: fewest passes of a block.
    """

    blocks: int = 5
    seconds: float = 0.3
    passes: int = 10


@dataclass(frozen=True)
class Timing:
    """How long the passes of one network took, in milliseconds.

    Attributes:
        p50_ms: median of all passes.
        p90_ms: 90th percentile.
        lowest_block_ms: median of the fastest block.
        highest_block_ms: median of the slowest.
        blocks: how many blocks.
        passes: how many passes, over all blocks.
    """

    p50_ms: float
    p90_ms: float
    lowest_block_ms: float
    highest_block_ms: float
    blocks: int
    passes: int

    @classmethod
    def of(cls, blocks: Sequence[Sequence[float]]) -> "Timing":
        """Return the figures of the milliseconds of each pass, by block."""
        passes: npt.NDArray[np.float64] = np.concatenate([np.asarray(block) for block in blocks])
        medians = [float(np.median(block)) for block in blocks]
        p50, p90 = np.percentile(passes, (MEDIAN, HIGH))
        return cls(float(p50), float(p90), min(medians), max(medians), len(blocks), len(passes))


def time_by_turns(
    openers: Sequence[Callable[[], Pass]], schedule: Schedule, announce: Callable[[str], None]
) -> list[Timing]:
    """Time networks by turns.

    Args:
        openers: each loads one network and returns a pass of it. It is loaded anew for each
            block, so that no more than one takes memory and where it comes to lie is a part of
            the noise that is seen.
        schedule: how long.
        announce: told when a block of all networks is done.

    Returns:
        The timing of each, in their order.
    """
    times: list[list[list[float]]] = [[] for _ in openers]
    order = list(range(len(openers)))
    shuffler = random.Random(0)  # noqa: S311 - no secret: the same order each time
    for number in range(1, schedule.blocks + 1):
        shuffler.shuffle(order)
        for index in order:
            times[index].append(_block(openers[index](), schedule))
        announce(f"block {number} of {schedule.blocks} measured")
    return [Timing.of(blocks) for blocks in times]


def _block(one_pass: Pass, schedule: Schedule) -> list[float]:
    for _ in range(WARM_UPS):
        one_pass()
    times: list[float] = []
    with _no_collection():
        end = time.perf_counter() + schedule.seconds
        while len(times) < schedule.passes or time.perf_counter() < end:
            start = time.perf_counter()
            one_pass()
            times.append((time.perf_counter() - start) * 1e3)
    return times


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from collecting garbage in the middle of a pass."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
