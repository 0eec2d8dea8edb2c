"""What all arms of a comparison share: the task, and the rows they leave behind."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from torch import Tensor

from benchmarks.judging import Judge
from tatl_search.adaptation.workbench import EVALUATION_BATCH
from tatl_search.config import AdaptationConfig
from tatl_search.data import TargetData, load_target
from tatl_search.data.batches import (
    InputForm,
    evaluation_batches,
    steps_per_epoch,
    training_batches,
)
from tatl_search.nets.structure import load_network
from tatl_search.nets.zoo import LoadedNetwork


@dataclass(frozen=True)
class Row:
    """One network that an arm found, in the order they came.

    Attributes:
        images_trained: by the arm, up to and with this network.
        seconds: wall-clock since the arm began.
        judged: accuracy on the test images, if it was on the validation front when it came.
    """

    arm: str
    seed: int
    name: str
    accuracy: float
    macs_share: float
    images_trained: int
    seconds: float
    judged: float = float("nan")


@dataclass(frozen=True)
class Task:
    """The target task, as a script of a user's own would hold it."""

    config: AdaptationConfig
    target: TargetData

    @classmethod
    def open(cls, config: AdaptationConfig, packed: Path) -> "Task":
        """Open the images, packing them if nobody has."""
        return cls(config, load_target(config.data, packed))

    def training_batches(
        self, network: LoadedNetwork, batch_size: int, generator: Any
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Make one epoch of shuffled, augmented batches."""
        augment, classes = self.config.data.augment, len(self.target.class_names)
        form = self._form(network)
        return training_batches(self.target.train, batch_size, augment, form, classes, generator)

    def steps(self, batch_size: int) -> int:
        """Return the steps of an epoch."""
        return steps_per_epoch(len(self.target.train), batch_size)

    def images(self, network: LoadedNetwork, split: str) -> Iterator[tuple[Tensor, Tensor]]:
        """Make batches of the images of a split as they are."""
        chosen = {"train": self.target.train, "val": self.target.val}[split]
        return evaluation_batches(chosen, EVALUATION_BATCH, self._form(network))

    def _form(self, network: LoadedNetwork) -> InputForm:
        return InputForm(self.target.image_size, network.preprocessing, "cpu")


def judge(rows: Sequence[Row], folders: Sequence[Path], judging: Judge) -> list[Row]:
    """Judge the networks that were on the validation front when they came.

    Args:
        rows: in the order they came.
        folders: where each network is stored; the same folder is judged once.
        judging: who judges.
    """
    judged = cache(lambda folder: judging(load_network(folder)[0]))
    return [
        replace(row, judged=judged(folders[at])) if _leads(row, rows[:at]) else row
        for at, row in enumerate(rows)
    ]


def _leads(row: Row, before: Sequence[Row]) -> bool:
    return not any(
        other.accuracy >= row.accuracy and other.macs_share <= row.macs_share for other in before
    )


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as Parquet, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows]), partial)
    partial.replace(path)


def read(path: Path) -> list[Row]:
    """Read what `write` wrote."""
    names = [field.name for field in fields(Row)]
    return [Row(**{name: row[name] for name in names}) for row in pq.read_table(path).to_pylist()]


def until(rows: Sequence[Row], images: float) -> list[Row]:
    """Return what was found with so many training images."""
    return [row for row in rows if row.images_trained <= images]


def first(passed: Sequence[bool]) -> int | None:
    """Return the first place that holds; null for none."""
    return int(np.argmax(passed)) if any(passed) else None
