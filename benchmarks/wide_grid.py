"""A complete grid over the wide space, computed once: what the arms of a search are replayed on.

Two of the target tasks of `benchmarks.tasks` on seeds that are not reported, EfficientNet-Lite0 at
64 px. A trial begins with the fine-tuned or the pre-trained network, cuts it in one or three rounds
to a share of the MACs between 31.6 and 1 %, and finishes what is left by one or two pieces; a
shorter finishing is the beginning of a longer one and is not computed. Batches, lengths and the
rate of small networks are those that the product takes of itself. The search space of the replay
is continuous: `nearest` finds the trajectory that stands for a point.

A row a network goes into `benchmarks/results/wide-grid-<task>-<seed>.parquet`; what is done is
kept in `--work` and not done again. The pre-trained start comes first, so that half of the grid is
a grid of its own. Accuracies are on validation images; the test images stay shut.

    python -m benchmarks.wide_grid
"""

import argparse
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch

from benchmarks.rows import read, write
from benchmarks.tasks import TASKS, TUNING_SEEDS
from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig
from tatl_search.data import load_target
from tatl_search.nets.cost import count_macs
from tatl_search.nets.zoo import build
from tatl_search.newcomer.recipe import EXPONENT, FLOORS, RATE, batch_size, lengths
from tatl_search.search.answers import Recalled
from tatl_search.search.rungs import RUNG
from tatl_search.space import space_from_raw

RESULTS = Path(__file__).parent / "results"
SIDE = 64
PIECES = 2


@dataclass(frozen=True)
class GridTask:
    """What the grid has to know of one of `benchmarks.tasks`."""

    images: int
    classes: int


GRID_TASKS: Mapping[str, GridTask] = {
    "fashion": GridTask(images=500, classes=10),
    "letters": GridTask(images=1240, classes=62),
}

POINTS: Mapping[str, Sequence[Any]] = {
    "start": ("pretrained", "finetuned"),
    "prune.rounds": (1, 3),
    "stop.target_macs_share": (0.01, 0.0316, 0.1, 0.316),
    "retrain.learning_rate": (0.01, 0.04, 0.16),
}
"""Parameter -> the values that the grid has; all but the first are numbers of a range."""

Key = tuple[Any, ...]
"""Values of a trajectory's settings, in the order of `POINTS`."""


def settings(task: str) -> dict[str, Any]:
    """Return the space over a task, as a file holds it; which images there are is left out."""
    images = GRID_TASKS[task].images
    short, long, _ = lengths(images)
    batch = batch_size(images)
    return {
        "wandb": {"mode": "disabled"},
        "start": {"choices": list(POINTS["start"])},
        "data": {"image_size": SIDE, "augment": {"crop": "none"}},
        "finetune": {"epochs": long, "batch_size": batch, "learning_rate": RATE},
        "prune": {
            "method": "activation",
            "allocation": "uniform",
            "rounds": {"low": 1, "high": 3},
            "rate_of": "macs",
            **FLOORS,
        },
        "retrain": {
            "epochs": short,
            "batch_size": batch,
            "learning_rate": {"low": 0.003, "high": 0.3, "log": True},
            "learning_rate_exponent": EXPONENT,
        },
        "stop": {"target_macs_share": {"low": 0.01, "high": 0.316, "log": True}},
        "finish": {"epochs": long, "pieces": {"low": 1, "high": PIECES}},
    }


@dataclass(frozen=True)
class Row:
    """One network of one trajectory.

    Attributes:
        seed: of the adaptation and of the cuts of the data.
        number: of the trajectory, in the order of `trajectories`.
        round: of the network, the pieces of finishing counted.
        finished: pieces of finishing that it went through.
        stage: key of the network's stage: rows that share it were computed once.
        images_trained: through backward, paid by whoever computes its stage.
        seconds: wall-clock of this stage.
    """

    seed: int
    number: int
    round: int
    finished: int
    stage: str
    accuracy: float
    macs_share: float
    images_trained: int
    seconds: float


def trajectories() -> list[Key]:
    """Return the settings of all trajectories, in the order in which they are computed."""
    return list(product(*POINTS.values()))


def nearest(params: Mapping[str, Any], values: Mapping[str, Sequence[Any]]) -> Key:
    """Return the trajectory that stands for a point of the space: nearest on logarithmic axes.

    Args:
        params: the point.
        values: parameter -> those that are recorded.
    """
    return tuple(
        params[name]
        if isinstance(found[0], str)
        else min(found, key=lambda value: abs(math.log(value / params[name])))
        for name, found in values.items()
    )


def run(config: AdaptationConfig, number: int, work: Path) -> list[Row]:
    """Run one trajectory; what another one of this grid computed is taken from the store."""
    target = load_target(config.data, work.parent / "data")
    reference = count_macs(build(config.network, len(target.class_names), SIDE).module, SIDE)
    store = StageStore(work / "stages")
    bench = Workbench(config=config, target=target, store=store, owner="grid")
    return [_row(config.seed, number, reference, candidate) for candidate in adapt(bench)]


def _row(seed: int, number: int, reference: int, candidate: Candidate) -> Row:
    metrics = candidate.stage.metrics
    return Row(
        seed=seed,
        number=number,
        round=candidate.round,
        finished=candidate.finished,
        stage=candidate.stage.key,
        accuracy=metrics.accuracy,
        macs_share=metrics.macs / reference,
        images_trained=metrics.images_trained,
        seconds=metrics.seconds,
    )


def grid_file(task: str, seed: int, folder: Path = RESULTS) -> Path:
    """Return the file of a grid."""
    return folder / f"wide-grid-{task}-{seed}.parquet"


def compute(task: str, seed: int, work: Path) -> None:
    """Compute what is missing of a grid, and store what is complete."""
    raw, keys = settings(task), trajectories()
    images = {**TASKS[task].images(seed, work), "split_seed": seed}
    raw = {**raw, "seed": seed, "data": {**raw["data"], **images}}
    space, rows = space_from_raw(raw, source="benchmarks/wide_grid.py"), list[Row]()
    for number, key in enumerate(keys):
        own = work / f"{task}-{seed}"
        part = own / "rows" / f"{number}.parquet"
        if not part.exists():
            started = time.process_time()
            given = {**dict(zip(POINTS, key, strict=True)), RUNG: PIECES}
            write(part, run(space.sample(Recalled(given)), number, own))
            spent = time.process_time() - started
            print(f"{task} {seed}: {number + 1} of {len(keys)}, {spent:.1f} s of CPU", flush=True)
        rows += read(part, Row)
        if number + 1 in (len(keys) // 2, len(keys)):  # a grid of its own
            write(grid_file(task, seed), rows)


def main() -> None:
    """Compute what is missing of the grids."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, default=Path("sweeps/benchmark-wide-grid"))
    parser.add_argument("--tasks", nargs="*", choices=GRID_TASKS, default=list(GRID_TASKS))
    parser.add_argument("--seeds", type=int, nargs="*", default=TUNING_SEEDS[:1])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for task in options.tasks:
        for seed in options.seeds:
            compute(task, seed, options.work)


if __name__ == "__main__":
    main()
