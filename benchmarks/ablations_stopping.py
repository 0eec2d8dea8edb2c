"""What early stopping saves, and what it costs: searches of the recorded grid with and without.

Trials run one after the other, and the rule hears each round as the sweep's scheduler does. Three
sweeps: all trajectories of the grid to their eighth round, in random order; 40 trials of settings
times the round to stop at, drawn at random; and the same proposed by TPE, which is told of a stop
as the product tells it. In the first two the same trials run with and without; TPE proposes
others once a trial was stopped.

What is lost is counted at equal trials. At equal images, what is gained is: there the sweep
without is cut after the last trial within the images that the sweep with stops trained in all.

    python -m benchmarks.ablations_stopping
"""

import argparse
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import matplotlib as mpl
import numpy as np
import optuna
from matplotlib import pyplot as plt

from benchmarks.ablations_replay import (
    GRID_SEEDS,
    Point,
    Recorded,
    Rows,
    Seen,
    at_images,
    recorded,
    standing,
)
from benchmarks.ablations_teaching import ARMS, Search
from benchmarks.grid import RESULTS
from tatl_search.core.early_stopping import EarlyStopping
from tatl_search.core.pareto import non_dominated
from tatl_search.search.samplers import seed_of

TRIALS = 40
SAVED, LOST = 0.30, 0.01
"""What early stopping is to save of the images, and may lose of the area."""

NOW = "as it stands"


class Rule(Protocol):
    """What stops trials: the product's rule, or one to compare it with."""

    def hear(
        self, trial: int, round_index: int, accuracy: float, costs: Sequence[float], /
    ) -> None:
        """Take note of a trial's newest network."""

    def is_hopeless(self, trial: int, rounds_left: int, /) -> bool:
        """Whether a trial should stop."""


@dataclass
class Rungs:
    """Successive halving by rank, as MO-ASHA has it (Schmucker et al. 2021, arXiv 2106.12639).

    Its resource is epochs; here a rung is reached by becoming cheap. A network is ranked among
    those that were the first of their trials to be so cheap, by non-dominated fronts, and goes on
    where those in better fronts are less than one in `keep`. Of equal rank all go on: there is no
    epsilon-net.

    Attributes:
        macs: of the unpruned network.
        keep: one in so many goes on.
        spacing: MACs of a rung, as a share of those of the rung before.
    """

    macs: int
    keep: float
    spacing: float = 0.7
    _rungs: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    _reached: dict[int, int] = field(default_factory=dict)
    _goes_on: dict[int, bool] = field(default_factory=dict)

    def hear(
        self, trial: int, round_index: int, accuracy: float, costs: Sequence[float], /
    ) -> None:
        """Rank a trial's newest network if it is the first on its rung."""
        share = costs[0] / self.macs
        rung = int(np.log(share) / np.log(self.spacing) + 1e-9)
        self._goes_on[trial] = True
        if round_index > 0 and rung > self._reached.get(trial, 0):
            self._reached[trial] = rung
            others = self._rungs.setdefault(rung, [])
            others.append((-accuracy, share))
            self._goes_on[trial] = in_better_fronts(np.array(others)) * self.keep < len(others)

    def is_hopeless(self, trial: int, rounds_left: int, /) -> bool:
        """Whether a trial was outranked where it stands."""
        return rounds_left > 0 and not self._goes_on[trial]


def in_better_fronts(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> int:
    """Return how many of (N, D) minimised values lie in better fronts than the last of them."""
    left = values
    while not (front := non_dominated(left))[-1]:
        left = left[~front]
    return len(values) - len(left)


@dataclass(frozen=True)
class Outcome:
    """What a sweep paid and found: where it stood after each trial, and how many were stopped."""

    points: Sequence[Point]
    stopped: int


@dataclass(frozen=True)
class Effect:
    """What stopping changed in a sweep, as shares of the sweep without.

    Attributes:
        gained: area at equal images.
    """

    saved: float
    area_lost: float
    volume_lost: float
    gained: float
    stopped: int


def effect(without: Outcome, with_stops: Outcome) -> Effect:
    """Compare a sweep with itself, without early stopping."""
    before, after = without.points[-1], with_stops.points[-1]
    return Effect(
        1 - after.images / before.images,
        1 - after.area / before.area,
        1 - after.hypervolume / before.hypervolume,
        after.area / at_images(without.points, after.images, "area") - 1,
        with_stops.stopped,
    )


def watched(rule: Rule | None, trial: int, rows: Rows, seen: Seen) -> bool:
    """Run a trial until the rule stops it; return whether it did."""
    for row in rows:
        seen.add(row)
        if rule is None:
            continue
        rule.hear(trial, row.round, row.accuracy, [row.macs])
        if rule.is_hopeless(trial, rows[-1].round - row.round):
            return True
    return False


def whole_grid(grid: Recorded, rule: Rule | None, seed: int) -> Outcome:
    """Run all trajectories of the grid, in random order."""
    order = list(grid.trajectories.values())
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    seen, points, stopped = Seen(grid.macs), [], 0
    for number, rows in enumerate(order):
        before = seen.images
        stopped += watched(rule, number, rows, seen)
        points.append(standing(seen, before))
    return Outcome(points, stopped)


def searched(arm: str, grid: Recorded, rule: Rule | None, seed: int) -> Outcome:
    """Run the trials that a sampler proposes."""
    search, points, stopped = Search(grid, ARMS[arm], seed), [], 0
    for number in range(TRIALS):
        trial, rows = search.ask()
        before = search.seen.images
        if watched(rule, number, rows, search.seen):
            stopped += 1
            search.tell_stopped(trial)
        else:
            search.tell(trial, rows)
        points.append(standing(search.seen, before))
    return Outcome(points, stopped)


Sweep = Callable[[Recorded, Rule | None, int], Outcome]

SWEEPS: Mapping[str, Sweep] = {
    "whole grid": whole_grid,
    "random": partial(searched, "random"),
    "TPE": partial(searched, "last round"),
}

VARIANTS: Mapping[str, Callable[[Recorded], Rule]] = {
    NOW: lambda _: EarlyStopping(costs=1),
    "chance 0.1": lambda _: EarlyStopping(costs=1, chance=0.1),
    "chance 0.2": lambda _: EarlyStopping(costs=1, chance=0.2),
    "chance 0.4": lambda _: EarlyStopping(costs=1, chance=0.4),
    "after 5 rounds": lambda _: EarlyStopping(costs=1, least_rounds=5),
    "after 40 rounds": lambda _: EarlyStopping(costs=1, least_rounds=40),
    "by rank, one in 1.5": lambda grid: Rungs(grid.macs, keep=1.5),
    "by rank, one in 2": lambda grid: Rungs(grid.macs, keep=2),
    "by rank, one in 3": lambda grid: Rungs(grid.macs, keep=3),
}

Effects = Mapping[str, Mapping[str, Sequence[Effect]]]
"""Variant of the rule -> sweep -> what stopping changed, one a pair of seeds."""


def main() -> None:
    """Replay all sweeps under all variants of the rule, print the table, draw the picture."""
    options = _options()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    grids = [recorded(seed) for seed in GRID_SEEDS]
    first = options.first_sampler_seed
    seeds = range(first, first + options.sampler_seeds)
    runs = [(g, seed_of(g.seed, n)) for g in grids for n in seeds]
    without = {name: [sweep(g, None, seed) for g, seed in runs] for name, sweep in SWEEPS.items()}
    effects: dict[str, Mapping[str, Sequence[Effect]]] = {
        variant: {
            name: [
                effect(before, sweep(grid, rule(grid), seed))
                for (grid, seed), before in zip(runs, without[name], strict=True)
            ]
            for name, sweep in SWEEPS.items()
        }
        for variant, rule in VARIANTS.items()
    }
    for grid in grids:
        mine = [one.seed == grid.seed for one, _ in runs]
        effects[f"{NOW}, grid {grid.seed}"] = {
            name: [one for one, is_mine in zip(found, mine, strict=True) if is_mine]
            for name, found in effects[NOW].items()
        }
    text = "\n\n".join(table(effects, name) for name in SWEEPS)
    print(text)
    (RESULTS / "ablation-stopping.md").write_text(text + "\n")
    draw(effects[NOW], RESULTS / "ablation-stopping.png")


def table(effects: Effects, sweep: str) -> str:
    """Return what each variant of the rule did in a sweep: mean ± standard deviation."""
    heads = ["images saved", "area lost", "hypervolume lost", "area gained at equal images",
             "trials stopped", "within target"]  # fmt: skip
    lines = [f"| {sweep} | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for variant, by_sweep in effects.items():
        found = by_sweep[sweep]
        cells = [
            _shares([one.saved for one in found], 1),
            _shares([one.area_lost for one in found]),
            _shares([one.volume_lost for one in found]),
            _shares([one.gained for one in found]),
            f"{np.mean([one.stopped for one in found]):.1f}",
            f"{sum(one.saved >= SAVED and one.area_lost < LOST for one in found)} of {len(found)}",
        ]
        lines.append(f"| {variant} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(effects: Mapping[str, Sequence[Effect]], path: Path) -> None:
    """Draw every sweep as a point: what it saved and what it lost; and the means."""
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    for number, (name, found) in enumerate(effects.items()):
        saved, lost = [100 * one.saved for one in found], [100 * one.area_lost for one in found]
        colour = f"C{number}"
        axes.scatter(saved, lost, color=colour, alpha=0.4, label=name)
        middle = (np.mean(saved), np.mean(lost))
        axes.plot(*middle, "X", color=colour, ms=12, mec="black", label=f"{name}, mean")
    axes.axvline(100 * SAVED, color="grey", linestyle="--")
    axes.axhline(100 * LOST, color="grey", linestyle="--", label="target: right of it, below it")
    axes.set(xlabel="images saved, %", ylabel="area under the final front lost, %")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=130)


def _shares(values: Sequence[float], digits: int = 2) -> str:
    mean, deviation = 100 * np.mean(values), 100 * np.std(values, ddof=1)
    return f"{mean:.{digits}f} ± {deviation:.{digits}f} %"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sampler-seeds", type=int, default=20)
    parser.add_argument("--first-sampler-seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
