"""What several trials on one GPU give: images a second in sum, and memory.

So many processes train the same network on one GPU at once, each kept to its share of the memory
as a trial's worker is, by random images that lie on the device. Needs a GPU, torch, torchvision,
timm, pydantic and what `nets/zoo.py` imports, neither Ray nor Optuna, W&B or Torch-Pruning.

    python -m benchmarks.gpus
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any

import torch
from torch import Tensor

from tatl_search.config import NetworkSettings, TrainingSettings
from tatl_search.nets.finetune import train
from tatl_search.nets.memory import share_of_gpu
from tatl_search.nets.zoo import build

AT_ONCE = (1, 2, 4)
CLASSES = 10
WARM_UP = 5
TOGETHER_S = 600
SPAWN = get_context("spawn")


@dataclass(frozen=True)
class Task:
    """What each process trains.

    Attributes:
        network: library and model name.
        side: of the images in pixels.
        batch: images of a batch.
        steps: that are timed, after some to warm up.
    """

    network: str
    side: int
    batch: int
    steps: int


@dataclass(frozen=True)
class Found:
    """What one process saw.

    Attributes:
        images_per_second: through backward.
        reserved_bytes: most that torch took of the GPU.
        micro_batch: most images at once, where a batch did not fit; null where it did.
        held_bytes: what torch held of the GPU in the end.
        used_bytes: what all processes together held of the GPU at that time.
    """

    images_per_second: float
    reserved_bytes: int
    micro_batch: int | None
    held_bytes: int
    used_bytes: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--network", default="timm/tf_efficientnet_lite0")
    parser.add_argument("--side", type=int, default=64, help="pixels (64)")
    parser.add_argument("--batch", type=int, default=50, help="images (50)")
    parser.add_argument("--steps", type=int, default=200, help="timed in each process (200)")
    given = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("torch sees no GPU here: there is nothing to measure")
    task = Task(given.network, given.side, given.batch, given.steps)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {task}\n")
    print(
        "| trials a GPU | images/s each | in sum | times one | GB each, at most | micro-batch |"
        " GB beside tensors, in sum |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    alone = 0.0
    for processes in AT_ONCE:
        found = together(task, processes)
        rates = [each.images_per_second for each in found]
        alone = alone or sum(rates)
        memory = max(each.reserved_bytes for each in found) / 1e9
        cut = min((each.micro_batch for each in found if each.micro_batch), default="whole")
        outside = found[0].used_bytes - sum(each.held_bytes for each in found)
        print(
            f"| {processes} | {min(rates):.0f} to {max(rates):.0f} | {sum(rates):.0f} |"
            f" {sum(rates) / alone:.2f} | {memory:.2f} | {cut} | {outside / 1e9:.2f} |",
            flush=True,
        )


def together(task: Task, processes: int) -> list[Found]:
    """Train in so many processes at once; the clock runs while all of them do."""
    results: Any = SPAWN.SimpleQueue()
    barrier = SPAWN.Barrier(processes)
    running = [
        SPAWN.Process(target=work, args=(task, processes, barrier, results))
        for _ in range(processes)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join()
    if any(process.exitcode for process in running):
        raise SystemExit(f"a process of {processes} on the GPU failed; see above")
    return [results.get() for _ in running]


def work(task: Task, processes: int, barrier: Barrier, results: Any) -> None:
    """Train in this process and put into the queue what was seen."""
    torch.set_num_threads(1)
    with share_of_gpu(processes):
        results.put(trained(task, barrier))


def trained(task: Task, barrier: Barrier) -> Found:
    """Train; the network goes when this returns, so that its memory can be given back."""
    network = NetworkSettings(name=task.network, weights="random")
    module = build(network, CLASSES, task.side).module
    watched = Clock(task, barrier)
    settings = TrainingSettings(epochs=1, batch_size=task.batch, schedule="constant")
    report = train(module, watched.batches, settings, WARM_UP + task.steps, "cuda")
    barrier.wait(TOGETHER_S)
    free, total = torch.cuda.mem_get_info()
    found = Found(
        images_per_second=task.batch * task.steps / watched.seconds,
        reserved_bytes=torch.cuda.max_memory_reserved(),
        micro_batch=report.micro_batch,
        held_bytes=torch.cuda.memory_reserved(),
        used_bytes=total - free,
    )
    barrier.wait(TOGETHER_S)  # nobody gives back before all have looked
    return found


class Clock:
    """Hands out batches and times all but the first of them.

    Attributes:
        seconds: that the timed steps took.
    """

    def __init__(self, task: Task, barrier: Barrier) -> None:
        self._task = task
        self._barrier = barrier
        self.seconds = 0.0

    def batches(self, _: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the same images again and again."""
        task = self._task
        images = torch.rand(task.batch, 3, task.side, task.side, device="cuda")
        images = images.contiguous(memory_format=torch.channels_last)
        labels = torch.arange(task.batch, device="cuda") % CLASSES
        for _ in range(WARM_UP):
            yield images, labels
        torch.cuda.synchronize()
        self._barrier.wait(TOGETHER_S)  # who failed would be waited for
        started = time.perf_counter()
        for _ in range(task.steps):
            yield images, labels
        torch.cuda.synchronize()
        self.seconds = time.perf_counter() - started


if __name__ == "__main__":
    main()
