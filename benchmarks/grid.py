"""A complete grid of real adaptations, computed once: what the ablations of the search replay.

Every setting of `SPACE` adapts EfficientNet-Lite0 to Fashion-MNIST (25 training images a class,
48 px) for eight rounds, from one first fine-tuning a seed, with the product's own loop. A shorter
run is the beginning of a longer one, so `stop.max_rounds` is read off and not computed. A row a
round goes into `benchmarks/results/grid-<seed>.parquet`; what is done is kept in `--work` and not
done again. Accuracies are on validation images; the test images stay shut.

    python -m benchmarks.grid
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.rows import read, write
from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig
from tatl_search.data import TargetData, load_target
from tatl_search.search.answers import Recalled
from tatl_search.space import SearchSpace, space_from_raw
from tatl_search.space.grid import grid

RESULTS = Path(__file__).parent / "results"
ROUNDS = "stop.max_rounds"
NAMES = {
    "prune.threshold": "threshold",
    "prune.rate": "rate",
    "retrain.learning_rate": "learning_rate",
}
"""The settings a trajectory is known by: parameter of the space -> column."""

SPACE: Mapping[str, Any] = {
    "wandb": {"mode": "disabled"},
    "data": {
        "source": "idx",
        "path": "/usr/share/datasets/fashion-mnist",
        "image_size": 48,
        "per_class": 25,
        "val_per_class": 50,
        "augment": {"flip": True},
    },
    "finetune": {"epochs": 8, "batch_size": 25, "learning_rate": 0.05},
    "prune": {
        "threshold": {"low": 0.5, "high": 0.95, "step": 0.15},
        "rate": {"low": 0.1, "high": 0.4, "step": 0.1},
        "rate_of": "macs",
        "min_filters": 4,
        "min_keep": 0.02,
    },
    "retrain": {
        "epochs": 1,
        "batch_size": 25,
        "learning_rate": {"low": 0.005, "high": 0.08, "step": 0.025},
    },
    "stop": {"max_rounds": {"low": 1, "high": 8}},
}

Key = tuple[float, ...]
"""Values of a trajectory's settings, in the order of `NAMES`."""


@dataclass(frozen=True)
class Row:
    """One round of one trajectory.

    Attributes:
        seed: of the adaptation and of the cuts of the data.
        stage: key of the network's stage: rows that share it were computed once.
        images_trained: through backward in this round, paid by whoever computes its stage.
        seconds: wall-clock of this round's removal, fine-tuning and evaluation.
    """

    seed: int
    threshold: float
    rate: float
    learning_rate: float
    round: int
    stage: str
    accuracy: float
    loss: float
    val_images: int
    macs: int
    parameters: int
    images_trained: int
    images_forward: int
    seconds: float
    stop_reason: str | None


def search_space(overrides: Sequence[str] = ()) -> SearchSpace:
    """Return the space that the grid holds all of."""
    return space_from_raw(SPACE, overrides, "benchmarks/grid.py")


def key_of(values: Mapping[str, Any]) -> Key:
    """Return the trajectory that a point of the space is a cut of."""
    return tuple(round(float(values[name]), 6) for name in NAMES)


def trajectories(space: SearchSpace) -> list[AdaptationConfig]:
    """Return the settings of all trajectories, each as long as the space allows."""
    points = grid(space.section)
    longest = max(point[ROUNDS] for point in points)
    return [space.sample(Recalled(point)) for point in points if point[ROUNDS] == longest]


def run(config: AdaptationConfig, target: TargetData, store: StageStore) -> list[Row]:
    """Run one trajectory; what another one computed is taken from the store."""
    bench = Workbench(config=config, target=target, store=store, owner="grid")
    return [_row(config, candidate) for candidate in adapt(bench)]


def _row(config: AdaptationConfig, candidate: Candidate) -> Row:
    metrics = candidate.stage.metrics
    assert candidate.choosing.images_trained == 0  # it would have to be shared like a stage
    return Row(
        seed=config.seed,
        threshold=round(config.prune.threshold, 6),
        rate=round(config.prune.rate, 6),
        learning_rate=round(config.retrain.learning_rate, 6),
        round=candidate.round,
        stage=candidate.stage.key,
        accuracy=metrics.accuracy,
        loss=metrics.loss,
        val_images=metrics.val_images,
        macs=metrics.macs,
        parameters=metrics.parameters,
        images_trained=metrics.images_trained,
        images_forward=metrics.images_forward,
        seconds=metrics.seconds,
        stop_reason=candidate.stop_reason,
    )


def main() -> None:
    """Compute what is missing of the grids, and store each that is complete."""
    options = _options()
    torch.set_num_threads(1)
    for seed in options.seeds:
        overrides = [f"seed={seed}", f"data.split_seed={seed}", f"data.path={options.data}"]
        configs = trajectories(search_space(overrides))
        target = load_target(configs[0].data, options.work / "data")
        store = StageStore(options.work / f"stages-{seed}")
        rows: list[Row] = []
        for number, config in enumerate(configs):
            part = options.work / f"rows-{seed}" / f"{number}.parquet"
            if not part.exists():
                started = time.process_time()
                write(part, run(config, target, store))
                spent = time.process_time() - started
                done = f"seed {seed}: {number + 1} of {len(configs)}"
                print(f"{done}, {spent:.1f} s of CPU", flush=True)
            rows += read(part, Row)
        write(RESULTS / f"grid-{seed}.parquet", rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(SPACE["data"]["path"]))
    parser.add_argument("--work", type=Path, default=Path("sweeps/benchmark-grid"))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1])
    return parser.parse_args()


if __name__ == "__main__":
    main()
