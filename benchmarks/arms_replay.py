"""Which way of searching is best? Arms replayed on the recorded grid of the wide space.

How they search, and what is counted, is in `benchmarks.arms_search`. Arms:

- random, quasi-random, NSGA-II: the product's samplers.
- TPE: told accuracy and MACs; with "log cost" the logarithm of the MACs instead.
- prior: the recipes that the product begins with, again and again; nothing else.
- prior + random, prior + TPE: the recipes first, then the sampler.
- prior + promotion: as TPE with log cost, but all begin with one piece of finishing, and the best
  go on.
- prior + cheap TPE: of four proposals of TPE the one that costs least.
- prior + neighbours: a network of the front is drawn, and one or two of its settings anew.
- one level, whole trajectory: TPE with log cost, where each trial cuts once to its target, or
  walks down to 1 % in several rounds; likewise random.

    python -m benchmarks.arms_replay
"""

import argparse
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import optuna
from matplotlib import pyplot as plt

from benchmarks.arms_search import ARMS, BUDGET, LONGEST, Account, Grid, Point, Search, recorded
from benchmarks.judging import spread
from benchmarks.tasks import TUNING_SEEDS
from benchmarks.wide_grid import GRID_TASKS, RESULTS
from tatl_search.search.samplers import seed_of

GOALS = (BUDGET, 120_000)
"""Images after which random's log area is what others have to pass."""

AT_IMAGES = (10_000, BUDGET, 60_000, 120_000, LONGEST)

Runs = Mapping[tuple[str, int], Sequence[Point]]
"""(name of the grid, sampler seed) -> where the search stood after each trial."""


def at_images(points: Sequence[Point], budget: int) -> float:
    """Return the log area that a search had within a budget of images; 0 before its first."""
    within = [point.log_area for point in points if point.images <= budget]
    return within[-1] if within else 0.0


def to_reach(points: Sequence[Point], goal: float) -> float:
    """Return the images after which a search had an area; infinite for never."""
    return next((point.images for point in points if point.log_area >= goal), math.inf)


def report(grids: Sequence[Grid], found: Mapping[str, Runs]) -> str:
    """Return the table of all arms, for each grid."""
    return "\n\n".join(_report_of(grid, found) for grid in grids)


def _report_of(grid: Grid, found: Mapping[str, Runs]) -> str:
    everything = Account()
    for rows in grid.trajectories.values():
        everything.add(rows)
    heads = [
        *(f"at {n:,}" for n in AT_IMAGES),
        f"trials in {BUDGET:,}; {LONGEST:,}",
        *(f"images to pass random at {n:,}" for n in GOALS),
    ]
    lines = [
        f"{grid.name}: log area (best of the grid {everything.log_area:.3f})",
        "",
        f"| arm | {' | '.join(heads)} |",
        "|---" * (len(heads) + 1) + "|",
    ]
    goals = [_goal(found["random"], grid.name, n) for n in GOALS]
    for arm, by_seed in found.items():
        runs = [run for (name, _), run in by_seed.items() if name == grid.name]
        cells = [spread([at_images(run, n) for run in runs]) for n in AT_IMAGES]
        cells.append(f"{_trials(runs, BUDGET):.0f}; {_trials(runs, LONGEST):.0f}")
        cells += [_passing([to_reach(run, goal) for run in runs]) for goal in goals]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _trials(runs: Sequence[Sequence[Point]], images: int) -> float:
    return float(np.mean([sum(point.images <= images for point in run) for run in runs]))


def _goal(random: Runs, grid: str, images: int) -> float:
    """Return random's log area after some images, the mean over its sampler seeds."""
    return float(
        np.mean([at_images(run, images) for (name, _), run in random.items() if name == grid])
    )


def _passing(images: Sequence[float]) -> str:
    """Return the middle and the quarters of what it took, and how many never did."""
    low, middle, high = (
        f"{value:,.0f}" if math.isfinite(value) else f"> {LONGEST:,}"
        for value in np.quantile(images, (0.25, 0.5, 0.75), method="nearest")
    )
    never = sum(map(math.isinf, images))
    return f"{middle} ({low} to {high}; {never} of {len(images)} never)"


def draw(grids: Sequence[Grid], found: Mapping[str, Runs], path: Path) -> None:
    """Draw the log area over images for each grid, the mean over its sampler seeds."""
    mpl.use("Agg")
    figure, row = plt.subplots(
        1, len(grids), figsize=(8 * len(grids), 6), layout="constrained", squeeze=False
    )
    budgets = range(5_000, LONGEST + 1, 1_000)
    colours = plt.get_cmap("tab20").colors  # type: ignore[attr-defined]
    for axes, grid in zip(row[0], grids, strict=True):
        for colour, (arm, by_seed) in zip(colours, found.items(), strict=False):
            runs = [run for (name, _), run in by_seed.items() if name == grid.name]
            curve = [np.mean([at_images(run, n) for run in runs]) for n in budgets]
            axes.plot(budgets, curve, label=arm, color=colour)
        axes.set(xlabel="images trained", ylabel="log area under the front", title=grid.name)
        axes.set_xscale("log")
        axes.grid(alpha=0.3)
    row[0][0].legend(fontsize="small")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Replay all arms, print the table, draw the picture."""
    options = _options()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    grids = [recorded(task, seed, options.grids) for task in GRID_TASKS for seed in options.seeds]
    found: dict[str, Runs] = {
        name: {
            (grid.name, seed): Search(grid, arm, seed_of(grid.seed, seed)).run(LONGEST)
            for grid in grids
            for seed in range(options.sampler_seeds)
        }
        for name, arm in ARMS.items()
    }
    text = report(grids, found)
    print(text)
    (RESULTS / "arms-replay.md").write_text(text + "\n")
    draw(grids, found, RESULTS / "arms-replay.png")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--grids", type=Path, default=RESULTS)
    parser.add_argument("--seeds", type=int, nargs="*", default=TUNING_SEEDS[:1])
    parser.add_argument("--sampler-seeds", type=int, default=12)
    return parser.parse_args()


if __name__ == "__main__":
    main()
