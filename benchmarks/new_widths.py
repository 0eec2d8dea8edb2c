"""What a network of new widths costs before it trains at full speed.

Libraries such as cuDNN prepare something for each shape of a convolution that they have not met,
and every round of pruning makes new ones. Each way is timed in a process of its own: first and
later steps of the unpruned network, then of networks that lost an odd number of channels.

Written after trials on an H200 took far longer over rounds than their steps account for; not yet
run on a GPU.

    python -m benchmarks.new_widths
"""

import argparse
import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context

import torch
from torch import Tensor, nn

from tatl_search.config import NetworkSettings, TrainingSettings
from tatl_search.core.plan import GroupRemoval, PrunePlan
from tatl_search.nets.finetune import train
from tatl_search.nets.groups import find_groups
from tatl_search.nets.surgery import prune
from tatl_search.nets.zoo import build

CLASSES = 10
PRUNED = (3, 5, 7)
"""Channels that go from each group of a network."""

STEPS = 12
SPAWN = get_context("spawn")


@dataclass(frozen=True)
class Way:
    """How a network is trained.

    Attributes:
        amp: in mixed precision, on a GPU.
        cudnn: by cuDNN, on a GPU.
    """

    amp: bool
    cudnn: bool


WAYS = {
    "mixed precision": Way(amp=True, cudnn=True),
    "float32": Way(amp=False, cudnn=True),
    "float32 without cuDNN": Way(amp=False, cudnn=False),
}


@dataclass(frozen=True)
class Task:
    """What is trained, and where."""

    network: str
    side: int
    batch: int
    device: str


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--network", default="timm/tf_efficientnet_lite0")
    parser.add_argument("--side", type=int, default=24, help="pixels (24)")
    parser.add_argument("--batch", type=int, default=32, help="images (32)")
    parser.add_argument("--device", default="cuda", help="cuda, or cpu (cuda)")
    given = parser.parse_args()
    task = Task(given.network, given.side, given.batch, given.device)
    print(f"torch {torch.__version__}, {task}\n")
    print("| way | network | first step, s | second, s | a later one, ms |")
    print("|---|---|---|---|---|", flush=True)
    for name in WAYS if given.device == "cuda" else ("float32",):
        process = SPAWN.Process(target=measure, args=(task, name))
        process.start()
        process.join()


def measure(task: Task, name: str) -> None:
    """Print the lines of one way."""
    torch.set_num_threads(1)
    way = WAYS[name]
    torch.backends.cudnn.enabled = way.cudnn
    settings = NetworkSettings(name=task.network, weights="random")
    unpruned = build(settings, CLASSES, task.side).module
    networks = {"unpruned": unpruned}
    networks |= {f"{each} channels less": narrowed(unpruned, task.side, each) for each in PRUNED}
    for label, module in networks.items():
        first, second, *later = steps(module, task, way)
        middle = sorted(later)[len(later) // 2]
        print(
            f"| {name} | {label} | {first:.2f} | {second:.2f} | {1000 * middle:.1f} |", flush=True
        )


def narrowed(module: nn.Module, side: int, channels: int) -> nn.Module:
    """Return a copy whose groups have lost so many units, where they have twice as many."""
    smaller = copy.deepcopy(module)
    groups = find_groups(smaller, side)
    gone = tuple(range(channels))
    removals = tuple(
        GroupRemoval(group.name, gone, group.width, 0.0, channels)
        for group in groups
        if group.width > 2 * channels
    )
    prune(smaller, groups, PrunePlan(removals))
    return smaller


def steps(module: nn.Module, task: Task, way: Way) -> list[float]:
    """Train and return the seconds of each step."""
    ends = []

    def batches(_: int) -> Iterator[tuple[Tensor, Tensor]]:
        images = torch.rand(task.batch, 3, task.side, task.side, device=task.device)
        images = images.contiguous(memory_format=torch.channels_last)
        labels = torch.arange(task.batch, device=task.device) % CLASSES
        for _ in range(STEPS + 1):
            if task.device == "cuda":
                torch.cuda.synchronize()
            ends.append(time.perf_counter())
            yield images, labels

    settings = TrainingSettings(epochs=1, batch_size=task.batch, amp=way.amp, learning_rate=0.001)
    train(module, batches, settings, STEPS + 1, task.device)
    return [after - before for before, after in pairwise(ends)]


if __name__ == "__main__":
    main()
