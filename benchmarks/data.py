"""What feeding a network costs, against torchvision's `ImageFolder` and `DataLoader`.

Makes JPEGs of 256 px in a temporary folder, packs them as a sweep does, and measures, in short
turns that take each other's place so that a busy machine is busy for all alike; the best turn
counts. Each number stands beside what the project claims of it.

    python -m benchmarks.data
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from tatl_search.config import AugmentSettings, DataSettings, NetworkSettings, TrainingSettings
from tatl_search.data import TargetData, load_target
from tatl_search.data.batches import InputForm, steps_per_epoch, training_batches
from tatl_search.nets.finetune import train
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.nets.threads import torch_threads
from tatl_search.nets.zoo import build

CLASSES = 10
JPEG_SIDE = 256
SIDE = 64
BATCH = 64
TURNS = 4
STEPS = 4
PROCESSES = 3
SPAWN = get_context("spawn")

IMAGENET = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
SHIFT = AugmentSettings(crop="shift", shift=4 / SIDE, flip=True)
RESIZED = AugmentSettings(crop="resized", flip=True)

Batches = Iterable[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        what: was measured.
        found: the number, with its unit.
        ratio: against what it is compared with.
        claim: what the ratio or the number should be.
    """

    what: str
    found: str
    ratio: str = ""
    claim: str = ""


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=2000, help="training images (default 2000)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of one turn (default 2)")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        images, cache = Path(folder) / "images", Path(folder) / "packed"
        mean_bytes = make_jpegs(images, given.images)
        print(f"{given.images} JPEGs of {JPEG_SIDE} px, {mean_bytes / 1000:.1f} kB on average")
        show(measured(images, cache, given.seconds))


def measured(images: Path, cache: Path, seconds: float) -> Iterator[Figure]:
    """Measure one thing after the other."""
    targets = {side: load_target(settings_of(images, side), cache) for side in (72, 96, 256)}
    yield from throughput(images, targets, seconds)
    yield first_batch(settings_of(images, 96), cache)
    yield from input_shares(targets)
    yield private_memory(settings_of(images, 256), cache, targets[256])
    if torch.cuda.is_available():
        yield gpu_share(targets[96])


def make_jpegs(root: Path, count: int) -> float:
    """Write noise that is smooth like a photograph's, and return the mean size in bytes."""
    generator = np.random.default_rng(0)
    sizes = []
    for split, images in (("train", count), ("val", 2 * CLASSES), ("test", 2 * CLASSES)):
        for number in range(images):
            path = root / split / str(number % CLASSES) / f"{number:05}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(smooth_noise(generator)).save(path, quality=90)
            sizes.append(path.stat().st_size)
    return float(np.mean(sizes))


def smooth_noise(generator: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return (256, 256, 3) noise with less contrast the finer it is."""
    total = np.zeros((JPEG_SIDE, JPEG_SIDE, 3))
    for side, contrast in ((4, 40.0), (16, 25.0), (64, 12.0), (256, 4.0)):
        noise = (128 + contrast * generator.standard_normal((side, side, 3))).clip(0, 255)
        coarse = Image.fromarray(noise.astype(np.uint8))
        fine = coarse.resize((JPEG_SIDE, JPEG_SIDE), Image.Resampling.BICUBIC)
        total += np.asarray(fine, dtype=np.float64) - 128
    return (128 + total).clip(0, 255).astype(np.uint8)


def settings_of(images: Path, stored: int) -> DataSettings:
    """Return the settings of the JPEGs kept at this side."""
    return DataSettings(source="folder", path=str(images), image_size=SIDE, storage_size=stored)


def packed(target: TargetData, augment: AugmentSettings, device: str = "cpu") -> Batches:
    """Return an epoch of batches as a trial makes them."""
    return training_batches(
        target.train,
        BATCH,
        augment,
        InputForm(SIDE, IMAGENET, device),
        CLASSES,
        torch.Generator().manual_seed(0),
    )


def image_folder(images: Path, workers: int) -> DataLoader[tuple[Tensor, Tensor]]:
    """Return torchvision's way to batches of resized crops."""
    scale, most = (RESIZED.min_scale, 1.0), RESIZED.max_aspect
    transform = v2.Compose(
        [
            v2.RandomResizedCrop(SIDE, scale=scale, ratio=(1 / most, most), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(IMAGENET.mean, IMAGENET.std),
        ]
    )
    return DataLoader(
        ImageFolder(images / "train", transform),
        batch_size=BATCH,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def throughput(images: Path, targets: Mapping[int, TargetData], seconds: float) -> Iterator[Figure]:
    """Measure images a second of one thread, all ways in turn."""
    loaders = {workers: image_folder(images, workers) for workers in (0, 2)}
    ways: dict[str, Callable[[], Batches]] = {
        "ImageFolder + DataLoader, 0 workers": lambda: loaders[0],
        "ImageFolder + DataLoader, 2 workers": lambda: loaders[2],
        "resized crop + flip, stored at 96 px": lambda: packed(targets[96], RESIZED),
        "resized crop + flip, stored at 256 px": lambda: packed(targets[256], RESIZED),
        "crop + flip, stored at 72 px": lambda: packed(targets[72], SHIFT),
    }
    best = dict.fromkeys(ways, 0.0)
    with torch_threads(1):
        for batches in ways.values():
            speed(batches, seconds=0.0)  # starts workers, reads files into memory
        for _ in range(TURNS):
            for name, batches in ways.items():
                best[name] = max(best[name], speed(batches, seconds))
    theirs = max(best[name] for name in ways if "DataLoader" in name)
    claims = dict(zip(ways, ("", "", "at least 5", "", "at least 20"), strict=True))
    for name, found in best.items():
        ratio = f"{found / theirs:.1f} times the better DataLoader"
        own = "DataLoader" not in name
        yield Figure(name, f"{found:,.0f} images/s", ratio if own else "", claims[name])


def speed(batches: Callable[[], Batches], seconds: float) -> float:
    """Return images a second over whole epochs, as many as fill the time, at least one."""
    started, images = time.perf_counter(), 0
    while True:
        images += sum(len(labels) for _, labels in batches())
        spent = time.perf_counter() - started
        if spent >= seconds:
            return images / spent


def first_batch(settings: DataSettings, cache: Path) -> Figure:
    """Measure from the packed file to the first batch, each time in a new process."""
    found = []
    for _ in range(TURNS):
        with ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
            found.append(pool.submit(seconds_to_first_batch, settings, cache).result())
    return Figure("time to the first batch", f"{min(found):.3f} s", "", "under 0.2 s")


def seconds_to_first_batch(settings: DataSettings, cache: Path) -> float:
    """Open the packed file and make one batch; torch is imported already."""
    started = time.perf_counter()
    next(iter(packed(load_target(settings, cache), RESIZED)))
    return time.perf_counter() - started


def input_shares(targets: Mapping[int, TargetData]) -> Iterator[Figure]:
    """Measure which share of a ResNet-18's training is spent waiting for batches, 2 threads."""
    for stored, augment, name in ((72, SHIFT, "crop"), (96, RESIZED, "resized crop")):
        with torch_threads(2):
            share = min(input_share(targets[stored], augment) for _ in range(TURNS))
        what = f"input's share of ResNet-18 at {SIDE} px, {name} + flip, 2 threads"
        yield Figure(what, f"{share:.1%}", "", "at most 5 %")


def input_share(target: TargetData, augment: AugmentSettings) -> float:
    """Train a few steps and return the share of the time spent in making batches."""
    few = slice(0, STEPS * BATCH)
    split = replace(target.train, rows=target.train.rows[few], labels=target.train.labels[few])
    spent = 0.0

    def timed(_: int) -> Iterator[tuple[Tensor, Tensor]]:
        nonlocal spent
        batches = iter(packed(replace(target, train=split), augment))
        while True:
            started = time.perf_counter()
            batch = next(batches, None)
            spent += time.perf_counter() - started
            if batch is None:
                return
            yield batch

    started = time.perf_counter()
    train_resnet(timed, len(split), "cpu")
    return spent / (time.perf_counter() - started)


def train_resnet(batches: Callable[[int], Batches], images: int, device: str) -> None:
    """Train a ResNet-18 for one epoch."""
    settings = NetworkSettings(name="torchvision/resnet18", weights="random")
    module = build(settings, CLASSES, SIDE).module
    train(
        module, batches, TrainingSettings(epochs=1), steps_per_epoch(images, BATCH), device=device
    )


def private_memory(settings: DataSettings, cache: Path, target: TargetData) -> Figure:
    """Measure what a process has to itself in an epoch, while others use the same file.

    A mapped page counts as private to the only process that mapped it, so all are asked while
    all still run.
    """
    with SPAWN.Manager() as manager:
        together = manager.Barrier(PROCESSES)
        with ProcessPoolExecutor(PROCESSES, mp_context=SPAWN) as pool:
            asked = [
                pool.submit(private_growth, settings, cache, together) for _ in range(PROCESSES)
            ]
            worst = max(answer.result() for answer in asked)
    size = target.train.images.nbytes
    return Figure(
        f"private memory of each of {PROCESSES} processes, stored at {JPEG_SIDE} px",
        f"{worst / 1e6:.1f} MB",
        f"{worst / size:.1%} of the packed {size / 1e6:.0f} MB",
        "under 10 %",
    )


def private_growth(settings: DataSettings, cache: Path, together: Barrier) -> int:
    """Return by how much the private memory has grown at an epoch's last batch."""
    torch.set_num_threads(1)
    before = private_bytes()
    target = load_target(settings, cache)
    batches = iter(packed(target, RESIZED))
    for _ in range(steps_per_epoch(len(target.train), BATCH)):
        next(batches)
    together.wait()
    grown = private_bytes() - before
    together.wait()
    return grown


def private_bytes() -> int:
    """Return the memory that only this process has (Linux)."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def gpu_share(target: TargetData) -> Figure:
    """Measure an epoch of ResNet-18 on a GPU, against one on a tensor that is there already."""
    images = torch.randn(BATCH, 3, SIDE, SIDE, device="cuda")
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(BATCH, device="cuda") % CLASSES
    steps, count = steps_per_epoch(len(target.train), BATCH), len(target.train)
    ways: Sequence[Callable[[int], Batches]] = (
        lambda _: ((images, labels) for _ in range(steps)),
        lambda _: packed(target, RESIZED, "cuda"),
    )
    best = [float("inf")] * len(ways)
    for turn in range(TURNS + 1):
        for place, batches in enumerate(ways):
            started = time.perf_counter()
            train_resnet(batches, count, "cuda")
            torch.cuda.synchronize()
            if turn:  # the first one chooses kernels
                best[place] = min(best[place], time.perf_counter() - started)
    fixed, fed = best
    return Figure(
        "an epoch of ResNet-18 on the GPU",
        f"{fed:.2f} s",
        f"{fed / fixed - 1:+.1%} against a fixed tensor",
        "at most 5 % more",
    )


def show(figures: Iterable[Figure]) -> None:
    """Print the figures as they are found, then as a table."""
    table = Table("measured", "found", "compared", "claimed")
    for figure in figures:
        print(f"{figure.what}: {figure.found} {figure.ratio}", file=sys.stderr)
        table.add_row(figure.what, figure.found, figure.ratio, figure.claim)
    Console(width=150 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    main()
