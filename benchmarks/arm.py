"""What all arms of a comparison share: the task, and the rows they leave behind."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
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
from tatl_search.nets.cost import count_macs
from tatl_search.nets.structure import load_network, save_network
from tatl_search.nets.zoo import LoadedNetwork, build

FOUND = "found.jsonl"


@dataclass(frozen=True)
class Row:
    """One network that an arm found, in the order they came.

    Attributes:
        macs_share: of the unpruned network's at the size of the task's images.
        images_trained: by the arm, up to and with this network.
        work: the same images, each times the share of the MACs of what it went through.
        seconds: wall-clock since the arm began, warm-up included.
        judged: accuracy on the test images, if it was on the validation front when it came.
    """

    arm: str
    seed: int
    name: str
    accuracy: float
    macs_share: float
    images_trained: int
    work: float
    seconds: float
    judged: float = float("nan")


@dataclass(frozen=True)
class Task:
    """The target task, as a script of a user's own would hold it.

    Attributes:
        config: which images, which network, and the seed.
        target: the images.
        packed: folder of the packed images.
    """

    config: AdaptationConfig
    target: TargetData
    packed: Path

    @classmethod
    def open(cls, config: AdaptationConfig, packed: Path) -> "Task":
        """Open the images, packing them if nobody has."""
        return cls(config, load_target(config.data, packed), packed)

    def judge(self, why: str) -> Callable[[Path], float]:
        """Return who measures stored networks on the test images, at the size each works at."""
        data, packed = self.config.data, self.packed
        of_size = cache(lambda size: Judge(load_target(data.at_size(size), packed), why))

        def judged(folder: Path) -> float:
            network, _, size = load_network(folder)
            return of_size(size)(network)

        return judged

    @cached_property
    def reference(self) -> int:
        """MACs of the unpruned network at the size of the task's images."""
        classes, size = len(self.target.class_names), self.target.image_size
        return count_macs(build(self.config.network, classes, size).module, size)

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


def note(
    folder: Path,
    name: str,
    network: LoadedNetwork,
    task: Task,
    accuracy: float,
    images: int,
    began: float,
) -> None:
    """Keep a network that a script has made, and a line about it.

    Args:
        folder: of the script.
        name: of the network, told once.
        network: what was made.
        task: it was made for.
        accuracy: on validation images.
        images: trained for it, since the network that the script went on from.
        began: when the script did.
    """
    size = task.target.image_size
    place = folder / "networks" / name
    place.mkdir(parents=True)
    save_network(place, network, task.target.class_names, size)
    macs = count_macs(network.module, size)
    line = {"name": name, "accuracy": accuracy, "macs": macs, "images": images,
            "seconds": time.time() - began}  # fmt: skip
    with (folder / FOUND).open("a") as file:  # one write, which no other trial cuts in two
        file.write(json.dumps(line) + "\n")


def noted(folder: Path, arm: str, task: Task) -> tuple[list[Row], list[Path]]:
    """Return what a script has found, in order, and where each network lies."""
    lines = [json.loads(line) for line in (folder / FOUND).read_text().splitlines()]
    lines.sort(key=lambda line: line["seconds"])
    rows, trained, work = [], 0, 0.0
    for line in lines:
        share = line["macs"] / task.reference
        trained += line["images"]
        work += line["images"] * share
        made = (line["name"], line["accuracy"], share, trained, work, line["seconds"])
        rows.append(Row(arm, task.config.seed, *made))
    return rows, [folder / "networks" / line["name"] for line in lines]


def judge(
    rows: Sequence[Row], folders: Sequence[Path], judging: Callable[[Path], float]
) -> list[Row]:
    """Judge the networks that were on the validation front when they came.

    Args:
        rows: in the order they came.
        folders: where each network is stored; the same folder is judged once.
        judging: measures a stored network.
    """
    judged = cache(judging)
    return [
        replace(row, judged=judged(folders[at])) if _leads(row, rows[:at]) else row
        for at, row in enumerate(rows)
    ]


def _leads(row: Row, before: Sequence[Row]) -> bool:
    return not any(
        other.accuracy >= row.accuracy and other.macs_share <= row.macs_share for other in before
    )


def until(rows: Sequence[Row], images: float) -> list[Row]:
    """Return what was found with so many training images."""
    return [row for row in rows if row.images_trained <= images]


def first(passed: Sequence[bool]) -> int | None:
    """Return the first place that holds; null for none."""
    return int(np.argmax(passed)) if any(passed) else None
