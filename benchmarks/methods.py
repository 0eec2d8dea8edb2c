"""Every method on one target task: whose front wins, for the same number of training images.

Each method adapts EfficientNet-Lite0 to Fashion-MNIST (50 training images a class, 64 px) in one
trajectory a seed, until `--images` images went through backward, learned rankings included.
Fronts are chosen on validation images and judged on 5,000 test images that no method saw. What
is done is kept in `--rows`, a file a trajectory, and not done again; the table and the picture are
made from it. Two processes may share the work, each with its own `--methods` or `--seeds`.

    python -m benchmarks.methods
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import torch
from matplotlib import pyplot as plt

from benchmarks.judging import LOW, SHARES, Judge, affordable, area, spread
from benchmarks.rows import read, write
from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import METHODS, AdaptationConfig
from tatl_search.core.pareto import non_dominated
from tatl_search.data import TargetData, load_target

HERE = Path(__file__).parent

COMMON: Mapping[str, Any] = {
    "data": {
        "source": "idx",
        "image_size": 64,
        "per_class": 50,
        "val_per_class": 100,
        "augment": {"flip": True},
    },
    "finetune": {"epochs": 3, "batch_size": 50, "learning_rate": 0.05},
    "retrain": {"epochs": 2, "batch_size": 50, "learning_rate": 0.03},
    "prune": {"rate": 0.25, "rate_of": "macs", "min_filters": 4, "min_keep": 0.02},
    "stop": {"max_rounds": 30, "target_macs_share": 0.1},
}

OWN: Mapping[str, Mapping[str, Any]] = {
    "tatl": {"prune": {"threshold": 0.8}},
    "slimming": {"finetune": {"sparsity": 1e-4}, "retrain": {"sparsity": 1e-4}},
    "legr": {"prune": {"legr": {"steps": 0, "evaluations": 100}}},
    "legr_400": {"prune": {"method": "legr", "legr": {"steps": 0, "evaluations": 400}}},
}
"""What a run needs besides the common settings; chosen beforehand, not on judging images.

A name that is no method's own, such as `legr_400`, names its method in `prune.method`.
"""


@dataclass(frozen=True)
class Row:
    """One candidate of one method.

    Attributes:
        judged: accuracy on the test images, for candidates on the validation front; else NaN.
        images_trained: by this method up to this candidate, learning included.
        scoring_seconds: wall-clock of choosing what this round removed.
        training_seconds: wall-clock of this round's removal, fine-tuning and evaluation.
    """

    method: str
    seed: int
    round: int
    macs_share: float
    accuracy: float
    judged: float
    images_trained: int
    images_forward: int
    scoring_seconds: float
    training_seconds: float


def main() -> None:
    """Run what is missing, then print the table and draw the picture."""
    options = _options()
    torch.set_num_threads(options.threads)
    options.rows.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for method in options.methods:
            path = options.rows / f"{method}-{seed}.parquet"
            if not path.exists():
                started = time.perf_counter()
                write(path, run(method, seed, options))
                print(f"{method}, seed {seed}: {time.perf_counter() - started:.0f} s", flush=True)
    rows = [row for path in sorted(options.rows.glob("*.parquet")) for row in read(path, Row)]
    print(table(rows))
    draw(rows, options.rows.with_suffix(".png"))


def run(method: str, seed: int, options: argparse.Namespace) -> list[Row]:
    """Run one trajectory of a method and judge its front."""
    config = settings(method, seed, options.data)
    target = load_target(config.data, options.work / "data")
    bench = Workbench(
        config=config,
        target=target,
        store=StageStore(options.work / f"stages-{method}-{seed}"),
        owner=f"{method} {seed}",
        threads=options.threads,
        root_threads=options.threads,
    )
    found: list[tuple[Candidate, Row]] = []
    trained = 0
    for candidate, scoring in timed(adapt(bench)):
        record = candidate.record(config, "methods", seed)
        trained += record.images_trained - candidate.choosing.images_trained
        if trained > options.images:
            break
        found.append((candidate, _row(method, seed, candidate, found, trained, scoring)))
        trained += candidate.choosing.images_trained
    return judge(found, bench, target)


def settings(method: str, seed: int, data: Path) -> AdaptationConfig:
    """Return the settings of a method's trajectory."""
    sections: dict[str, dict[str, Any]] = {name: dict(part) for name, part in COMMON.items()}
    sections["prune"]["method"] = method
    for name, part in OWN.get(method, {}).items():
        sections[name] |= part
    sections["data"] |= {"path": str(data), "split_seed": seed}
    return AdaptationConfig.model_validate({"seed": seed, **sections})


def timed(candidates: Iterator[Candidate]) -> Iterator[tuple[Candidate, float]]:
    """Yield candidates with the seconds beyond their stage's own that each took."""
    started = time.perf_counter()
    for candidate in candidates:
        yield candidate, time.perf_counter() - started - candidate.stage.metrics.seconds
        started = time.perf_counter()


def _row(
    method: str,
    seed: int,
    candidate: Candidate,
    before: Sequence[tuple[Candidate, Row]],
    trained: int,
    scoring: float,
) -> Row:
    metrics = candidate.stage.metrics
    unpruned = before[0][0].stage.metrics.macs if before else metrics.macs
    forward = before[-1][1].images_forward if before else 0
    return Row(
        method=method,
        seed=seed,
        round=candidate.round,
        macs_share=metrics.macs / unpruned,
        accuracy=metrics.accuracy,
        judged=float("nan"),
        images_trained=trained,
        images_forward=forward + metrics.images_forward + candidate.choosing.images_forward,
        scoring_seconds=scoring,
        training_seconds=metrics.seconds,
    )


def judge(
    found: Sequence[tuple[Candidate, Row]], bench: Workbench, target: TargetData
) -> list[Row]:
    """Measure the candidates of the validation front on the judging images."""
    measure = Judge(target, "benchmarks/methods.py")
    rows = [row for _, row in found]
    values = np.array([(-row.accuracy, row.macs_share) for row in rows])
    for at in np.flatnonzero(non_dominated(values)).tolist():
        judged = measure(bench.network_of(found[at][0].stage))
        rows[at] = replace(rows[at], judged=judged)
    return rows


def table(rows: Sequence[Row]) -> str:
    """Return a Markdown table, best area first: mean and standard deviation over seeds."""
    lines = []
    for method in dict.fromkeys(row.method for row in rows):
        own = [row for row in rows if row.method == method]
        runs = [[row for row in own if row.seed == seed] for seed in {row.seed for row in own}]
        cells = [spread([area(run) for run in runs])]
        cells += [spread([affordable(run, share) for run in runs]) for share in SHARES]
        trained = np.mean([run[-1].images_trained for run in runs])
        scoring = sum(row.scoring_seconds for row in own if row.round < len(runs[0]) - 1)
        training = sum(row.training_seconds for row in own if row.round > 0)
        last = np.mean([min(row.macs_share for row in run) for run in runs])
        cells += [f"{trained:,.0f}", f"{scoring / training:.0%}", f"{last:.2f}", str(len(runs))]
        lines.append((np.mean([area(run) for run in runs]), f"| {method} | {' | '.join(cells)} |"))
    head = ["area", *(f"at {share:.0%}" for share in SHARES), "images", "choosing", "to", "seeds"]
    rule = "|---" * (len(head) + 1) + "|"
    body = [line for _, line in sorted(lines, reverse=True)]
    return "\n".join([f"| method | {' | '.join(head)} |", rule, *body])


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw the judged accuracy that a share of the MACs buys, the mean over seeds."""
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    shares: npt.NDArray[np.float64] = np.linspace(LOW, 1.0, 181)
    methods = dict.fromkeys(row.method for row in rows)
    colours = plt.get_cmap("tab20").colors  # type: ignore[attr-defined]
    for colour, method in zip(colours, methods, strict=False):
        own = [row for row in rows if row.method == method]
        runs = [[row for row in own if row.seed == seed] for seed in {row.seed for row in own}]
        curves = [[affordable(run, share) for share in shares] for run in runs]
        line = axes.step(shares, np.mean(curves, axis=0), where="post", color=colour, label=method)
        line[0].set_linewidth(2.5 if method == "tatl" else 1.3)
    axes.set(xlabel="share of the MACs", ylabel="accuracy on 5,000 unseen images", ylim=(0.3, 0.9))
    axes.grid(alpha=0.3)
    axes.legend(ncols=2, fontsize="small")
    figure.savefig(path, dpi=130)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--work", type=Path, default=Path("sweeps/benchmark-methods"))
    parser.add_argument("--rows", type=Path, default=HERE / "results" / "methods")
    parser.add_argument("--methods", nargs="*", default=RUNS)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


NEEDY = {"spectral_da", "wealthadapt"}
"""Methods that need images of a second task; they are not comparable without one."""

RUNS = [*(method for method in METHODS.builtin if method not in NEEDY), "legr_400"]


if __name__ == "__main__":
    main()
