"""This product as an arm: a sweep of the file that a newcomer writes, and what it found."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import tatl_search
from benchmarks.arm import Row
from tatl_search.results.store import SweepResults

AT_RANDOM = ("sweep.sampler=random", "sweep.promote=false", "sweep.start={}")
"""Random settings of the space that follows from the images, and nothing known beforehand."""


def newcomers_file(images: Mapping[str, Any], seed: int, budget: int) -> dict[str, Any]:
    """Return what a newcomer writes: where the images are, a seed, and what it may cost.

    Args:
        images: the section `data`, as far as it says which images there are.
        seed: of the sweep, and of the cuts of the images.
        budget: images that may be trained.
    """
    return {
        "seed": seed,
        "data": {**images, "split_seed": seed},
        "sweep": {"budget": {"images_trained": budget}},
        "wandb": {"mode": "disabled"},
    }


def search(file: Mapping[str, Any], overrides: Sequence[str], folder: Path) -> SweepResults:
    """Run a sweep in a storage folder of its own, so that it takes over no other one's stages."""
    return tatl_search.sweep(dict(file), folder / "sweep", overrides)


def found(
    sweep: SweepResults, arm: str, seed: int, reference: int, began: float
) -> tuple[list[Row], list[Path]]:
    """Return what a sweep found, in order, and where each network lies.

    Args:
        sweep: its results.
        arm: whose they are.
        seed: of the arm.
        reference: MACs that count as 1.
        began: when the arm did, seconds since the epoch.
    """
    every = sweep.rows
    networks = sorted(every, key=lambda record: record.created_at)
    rows, trained, work = [], 0, 0.0
    for record in networks:
        share = record.macs / reference
        trained += record.images_trained
        work += record.images_trained * share
        seconds = datetime.fromisoformat(record.created_at).timestamp() - began
        rows.append(Row(arm, seed, record.label, record.accuracy, share, trained, work, seconds))
    return rows, [sweep.folder.stages / record.stage for record in networks]
