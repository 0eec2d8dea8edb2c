"""A complete grid over the wide space, computed once: what the arms of a search are replayed on.

Fashion-MNIST, 25 training images a class, EfficientNet-Lite0. A trial begins with the fine-tuned
or the pre-trained network, at one of two input sizes, cuts it in one or three rounds to a share
of the MACs between 31.6 and 1 %, and finishes what is left by one or two pieces; a shorter
finishing is the beginning of a longer one and is not computed. The search space of the replay is
continuous: `nearest` finds the trajectory that stands for a point.

A row a network goes into `benchmarks/results/wide-grid-<seed>.parquet`; what is done is kept in
`--work` and not done again. The smaller input and the pre-trained start come first, so that a
quarter and a half of the grid are grids of their own. Accuracies are on validation images; the
test images stay shut.

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
from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig
from tatl_search.data import load_target
from tatl_search.nets.cost import count_macs
from tatl_search.nets.zoo import build
from tatl_search.search.answers import Recalled
from tatl_search.search.rungs import RUNG
from tatl_search.space import SearchSpace, space_from_raw

RESULTS = Path(__file__).parent / "results"
SIDE = 48
"""Of the larger input, whose unpruned network counts as all of the MACs."""

PIECES = 2

POINTS: Mapping[str, Sequence[Any]] = {
    "data.image_size": (32, SIDE),
    "start": ("pretrained", "finetuned"),
    "prune.rounds": (1, 3),
    "stop.target_macs_share": (0.01, 0.0316, 0.1, 0.316),
    "retrain.learning_rate": (0.03, 0.1),
    "retrain.epochs": (2, 8),
}
"""Parameter -> the values that the grid has; all but the first two are numbers of a range."""

SPACE: Mapping[str, Any] = {
    "wandb": {"mode": "disabled"},
    "start": {"choices": list(POINTS["start"])},
    "data": {
        "source": "idx",
        "path": "/usr/share/datasets/fashion-mnist",
        "image_size": {"choices": list(POINTS["data.image_size"])},
        "per_class": 25,
        "val_per_class": 50,
        "augment": {"crop": "none"},
    },
    "finetune": {"epochs": 8, "batch_size": 50, "learning_rate": 0.05},
    "prune": {
        "method": "activation",
        "allocation": "uniform",
        "rounds": {"low": 1, "high": 3},
        "rate_of": "macs",
        "min_filters": 1,
        "min_keep": 0.0,
    },
    "retrain": {
        "epochs": {"low": 2, "high": 8},
        "batch_size": 50,
        "learning_rate": {"low": 0.03, "high": 0.1, "log": True},
    },
    "stop": {"target_macs_share": {"low": 0.01, "high": 0.316, "log": True}},
    "finish": {"epochs": 4, "pieces": {"low": 1, "high": PIECES}},
}

Key = tuple[Any, ...]
"""Values of a trajectory's settings, in the order of `POINTS`."""


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


def search_space(overrides: Sequence[str] = ()) -> SearchSpace:
    """Return the space that the grid stands for."""
    return space_from_raw(SPACE, overrides, "benchmarks/wide_grid.py")


def trajectories() -> list[Key]:
    """Return the settings of all trajectories, in the order in which they are computed."""
    return list(product(*POINTS.values()))


def nearest(params: Mapping[str, Any]) -> Key:
    """Return the trajectory that stands for a point of the space: nearest on logarithmic axes."""
    return tuple(
        params[name]
        if isinstance(values[0], str)
        else min(values, key=lambda value: abs(math.log(value / params[name])))
        for name, values in POINTS.items()
    )


def run(config: AdaptationConfig, number: int, reference: int, work: Path) -> list[Row]:
    """Run one trajectory; what another one computed is taken from the store."""
    target = load_target(config.data, work / "data")
    store = StageStore(work / f"stages-{config.seed}")
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


def reference_macs() -> int:
    """Return the MACs of the unpruned network at the larger input."""
    return count_macs(build(AdaptationConfig().network, 10, SIDE).module, SIDE)


def main() -> None:
    """Compute what is missing of the grids, and store what is complete."""
    options = _options()
    torch.set_num_threads(1)
    reference = reference_macs()
    for seed in options.seeds:
        overrides = [f"seed={seed}", f"data.split_seed={seed}", f"data.path={options.data}"]
        space, rows, keys = search_space(overrides), list[Row](), trajectories()
        for number, key in enumerate(keys):
            part = options.work / f"rows-{seed}" / f"{number}.parquet"
            if not part.exists():
                started = time.process_time()
                config = space.sample(
                    Recalled({**dict(zip(POINTS, key, strict=True)), RUNG: PIECES})
                )
                write(part, run(config, number, reference, options.work))
                spent = time.process_time() - started
                print(f"seed {seed}: {number + 1} of {len(keys)}, {spent:.1f} s of CPU", flush=True)
            rows += read(part, Row)
            if number + 1 in (len(keys) // 4, len(keys) // 2, len(keys)):  # a grid of its own
                write(RESULTS / f"wide-grid-{seed}.parquet", rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(SPACE["data"]["path"]))
    parser.add_argument("--work", type=Path, default=Path("sweeps/benchmark-wide-grid"))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1])
    return parser.parse_args()


if __name__ == "__main__":
    main()
