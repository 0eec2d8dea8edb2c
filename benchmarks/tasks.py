"""The target tasks on which searches are compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import letters

FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its files."""


@dataclass(frozen=True)
class BenchmarkTask:
    """A task with little data.

    Attributes:
        images: seed, folder to draw into -> the section `data` of its settings, as far as it says
            which images there are.
        image_size: side in pixels at which the unpruned network counts as all of the MACs.
        flip: whether a mirrored image is of the same class.
        seeds: those that are reported.
    """

    images: Callable[[int, Path], Mapping[str, Any]]
    image_size: int
    flip: bool
    seeds: tuple[int, ...]

    def data(self, seed: int, work: Path) -> dict[str, Any]:
        """Return the section `data` of a seed's settings; images are made where they are not."""
        return {**self.images(seed, work), "image_size": self.image_size, "split_seed": seed}


def _fashion(_seed: int, _work: Path) -> Mapping[str, Any]:
    return {"source": "idx", "path": str(FASHION), "per_class": 50, "val_per_class": 100}


def _digits(_seed: int, _work: Path) -> Mapping[str, Any]:
    cuts = {"test_share": 0.4, "val_share": 0.4}  # enough of the 1,797 to choose on and to judge
    return {"source": "digits", "per_class": 20, "val_per_class": 40, **cuts}


def _letters(seed: int, work: Path) -> Mapping[str, Any]:
    folder = work.resolve() / f"letters-{seed}"
    if not folder.exists():
        letters.draw(folder, seed)
    return {"source": "folder", "path": str(folder)}


TASKS: Mapping[str, BenchmarkTask] = {
    "fashion": BenchmarkTask(_fashion, image_size=64, flip=True, seeds=(0, 1, 2, 3, 4)),
    "digits": BenchmarkTask(_digits, image_size=64, flip=False, seeds=(0, 1, 2)),
    "letters": BenchmarkTask(_letters, image_size=64, flip=False, seeds=(0, 1, 2)),
}
"""Fashion-MNIST with 50 training images a class, scikit-learn's digits with 20, and letters."""

TUNING_SEEDS = (10, 11)
"""On which settings are chosen; they are not reported."""
