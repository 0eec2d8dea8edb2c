"""What a front costs: the script a good user would write, random search, and this product.

One target task with little data: Fashion-MNIST, 50 training images a class, 64 px,
EfficientNet-Lite0. Arms, each with a seed's own images and roots:

- `script`: `benchmarks.user_script`, 12 trials of Ray Tune, OptunaSearch and Torch-Pruning.
- `random`: random settings of this product's loop, nothing shared between trials.
- `tatl_search`: a sweep of this product.

Fronts are chosen on validation images; 5,000 test images that no arm saw judge them. What is done
is kept in `--rows`, a file an arm and seed, and not done again. For wall-clock times the machine
must be idle.

    python -m benchmarks.search_efficiency
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt

import tatl_search
from benchmarks import user_script
from benchmarks.arm import Row, Task, first, judge, read, until, write
from benchmarks.judging import SHARES, Judge, affordable, area, spread
from tatl_search.results.store import SweepResults
from tatl_search.search.variants import middle
from tatl_search.space import load_space

HERE = Path(__file__).parent
SPACE = HERE / "search_efficiency.yaml"
IMAGES = 60_000
"""Training images of each arm: what the script's twelve trials need."""

EARLY = 4_000
"""Training images after which this product should have passed the script's area."""

ARMS = ("script", "random", "tatl_search")


def main() -> None:
    """Run what is missing, each arm in a process of its own, then print tables and draw."""
    options = _options()
    if options.arm:
        _run(options.arm, options.seeds[0], options)
        return
    for seed in options.seeds:
        for arm in ARMS:
            if not _path(options.rows, arm, seed).exists():
                own = [f"--arm={arm}", f"--seeds={seed}", f"--work={options.work}"]
                own += [f"--data={options.data}", f"--rows={options.rows}"]
                module = "benchmarks.search_efficiency"
                subprocess.run([sys.executable, "-m", module, *own], check=True)
    found = {arm: [read(_path(options.rows, arm, seed)) for seed in options.seeds] for arm in ARMS}
    print(tables(found))
    draw(found, options.rows.with_suffix(".png"))


def _path(rows: Path, arm: str, seed: int) -> Path:
    return rows / f"{arm}-{seed}.parquet"


def _run(arm: str, seed: int, options: argparse.Namespace) -> None:
    overrides = [f"seed={seed}", f"data.split_seed={seed}", f"data.path={options.data}"]
    config = middle(load_space(SPACE, overrides))
    task = Task.open(config, options.work / "data")
    folder = options.work / f"{arm}-{seed}"
    if arm == "script":
        user_script.search(config, (options.work / "data").resolve(), folder)
        rows, places = user_script.found(folder, seed)
    else:
        if arm == "random":
            # A seed of its own for each trial: no two share a stage.
            own = f"seed={{low: {1000 * (seed + 1)}, high: {1000 * (seed + 1) + 999}}}"
            overrides += [own, "sweep.sampler=random", "sweep.start={}", "sweep.promote=false"]
        overrides.append(f"sweep.budget.images_trained={IMAGES}")
        began = time.time()
        # Sweeps in one storage folder would take over each other's stages.
        sweep = tatl_search.sweep(SPACE, folder / "sweep", overrides)
        rows, places = _found(sweep, arm, seed, began)
    torch.set_num_threads(2)
    write(_path(options.rows, arm, seed), judge(rows, places, Judge(task.target, arm)))


def _found(sweep: SweepResults, arm: str, seed: int, began: float) -> tuple[list[Row], list[Path]]:
    """Return what a sweep found, in order, and where each network lies."""
    found = sorted((*sweep.roots, *sweep.candidates), key=lambda record: record.created_at)
    rows, trained, unpruned = [], 0, found[0].macs
    for record in found:
        trained += record.images_trained
        share = record.macs / unpruned
        seconds = datetime.fromisoformat(record.created_at).timestamp() - began
        rows.append(Row(arm, seed, record.label, record.accuracy, share, trained, seconds))
    return rows, [sweep.folder.stages / record.stage for record in found]


def tables(found: Mapping[str, Sequence[Sequence[Row]]]) -> str:
    """Return what each arm's front is worth, and when each passed the others' areas."""
    lines = [
        "| arm | training images | wall-clock, s | area | area at 4,000 images |"
        + "".join(f" at {share:.0%} |" for share in SHARES),
        "|---|---|---|---|---|" + "---|" * len(SHARES),
    ]
    for arm, runs in found.items():
        ends = [until(run, IMAGES) for run in runs]
        cells = [
            spread([end[-1].images_trained for end in ends], 0),
            spread([end[-1].seconds for end in ends], 0),
            spread([area(end) for end in ends]),
            spread([area(until(run, EARLY)) for run in runs]),
            *(spread([affordable(end, share) for end in ends]) for share in SHARES),
        ]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    lines += ["", "| seed | to pass | its images | its s | our images | our s |", "|---" * 6 + "|"]
    for other in ("script", "random"):
        for theirs, ours in zip(found[other], found["tatl_search"], strict=True):
            lines.append(_passed(other, theirs, ours))
    return "\n".join(lines)


def _passed(other: str, theirs: Sequence[Row], ours: Sequence[Row]) -> str:
    """Return what it took to pass an arm's last area, beside what that arm took to reach it."""
    theirs = until(theirs, IMAGES)
    goal = area(theirs)
    there = theirs[first([a >= goal for a in areas(theirs)]) or 0]
    at = first([a >= goal for a in areas(ours)])
    own = "never | |" if at is None else f"{ours[at].images_trained:,} | {ours[at].seconds:.0f} |"
    return (
        f"| {theirs[0].seed} | {other}, {goal:.3f} |"
        f" {there.images_trained:,} | {there.seconds:.0f} | {own}"
    )


def areas(rows: Sequence[Row]) -> list[float]:
    """Return the area of the front after each network."""
    return [area(rows[: at + 1]) for at in range(len(rows))]


def draw(found: Mapping[str, Sequence[Sequence[Row]]], path: Path) -> None:
    """Draw the area over training images and over time, and the last fronts."""
    mpl.use("Agg")
    figure, (images, seconds, front) = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
    shares = np.linspace(0.1, 1.0, 181)
    for arm, colour in zip(found, ("#999999", "#E69F00", "#0072B2"), strict=True):
        for number, run in enumerate(found[arm]):
            label = arm if number == 0 else None
            ends = until(run, IMAGES)
            line = {"where": "post", "color": colour, "label": label}
            images.step([row.images_trained for row in ends], areas(ends), **line)
            seconds.step([row.seconds for row in ends], areas(ends), **line)
            front.step(shares, [affordable(ends, share) for share in shares], **line)
    images.set(xlabel="training images", ylabel="area under the front", xscale="log")
    images.set_xticks([2_500, 5_000, 10_000, 20_000, 40_000], minor=False)
    images.xaxis.set_major_formatter("{x:,.0f}")
    images.xaxis.set_minor_formatter("")
    seconds.set(xlabel="wall-clock, s", ylabel="area under the front")
    front.set(xlabel="share of the MACs", ylabel="accuracy on 5,000 unseen images")
    for axes in (images, seconds):
        axes.set_ylim(0.4, 0.85)
    for axes in (images, seconds, front):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=130)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--work", type=Path, default=Path("sweeps/search-efficiency"))
    parser.add_argument("--rows", type=Path, default=HERE / "results" / "search_efficiency")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
