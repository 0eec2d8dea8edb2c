"""What teaches the sampler best? Searches of the recorded grid that differ in what TPE is told.

All propose with the product's own samplers, from settings times the round to stop at; trials run
one after the other, and the first ones, drawn at random, are the same in every arm. Every round of
a trial counts on the front in every arm. Arms:

- random: nothing is learnt.
- last round: accuracy and MACs of the network a trial stops at.
- trajectory's volume: the hypervolume of a trial's rounds, as one number.
- accuracy at budgets: the best accuracy of a trial's rounds within 75, 50, 25 and 12 % of the
  MACs, as four objectives.
- all rounds: as the last round, and each earlier round as one more observation, with the stop
  setting that would have stopped there; start-up still counts trials.
- all rounds, naive: likewise, but the observations use up the start-up.
- greedy: knows the grid and adds the trajectory that gains most; no sampler can be much better.

    python -m benchmarks.ablations_teaching
"""

import argparse
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import optuna
from matplotlib import pyplot as plt
from optuna.search_space import IntersectionSearchSpace

from benchmarks.ablations_replay import (
    CLASSES,
    GRID_SEEDS,
    Point,
    Recorded,
    Rows,
    Seen,
    all_seen,
    at_images,
    greedy,
    recorded,
    spread,
    standing,
    volume,
)
from benchmarks.grid import RESULTS, ROUNDS, Row, search_space
from tatl_search.search.answers import Asked
from tatl_search.search.samplers import new_sampler, seed_of
from tatl_search.search.study import USABLE

TRIALS = 60
AT_TRIALS = (10, 20, 30, 40)
AT_IMAGES = (10_000, 20_000, 30_000, 40_000)
SHARES = (0.75, 0.50, 0.25, 0.12)

Direction = Literal["maximize", "minimize"]

Runs = Mapping[tuple[int, int], Sequence[Point]]
"""(grid seed, sampler seed) -> where the search stood after each trial."""


@dataclass(frozen=True)
class Arm:
    """A way to teach the sampler.

    Attributes:
        directions: of the objectives.
        tell: a trial's rounds, round 0 first, and the unpruned MACs -> values of the objectives.
        worst: unpruned MACs -> what settings without a usable network are told.
        every_round: whether each round is told, with the stop setting that would stop there.
        startup_in_trials: whether start-up counts trials, not observations.
    """

    directions: Sequence[Direction]
    tell: Callable[[Rows, int], Sequence[float]]
    worst: Callable[[int], Sequence[float]]
    sampler: str = "tpe"
    every_round: bool = False
    startup_in_trials: bool = True


def last_round(rows: Rows, _: int) -> Sequence[float]:
    """Return accuracy and MACs of the network a trial stops at."""
    return rows[-1].accuracy, float(rows[-1].macs)


def trajectory_volume(rows: Rows, macs: int) -> Sequence[float]:
    """Return the hypervolume of a trial's rounds."""
    return (volume(np.array([(row.accuracy, row.macs / macs) for row in rows])),)


def at_budgets(rows: Rows, macs: int) -> Sequence[float]:
    """Return a trial's best accuracy within each share of the MACs; 0 where it has no network."""
    return [
        max((row.accuracy for row in rows if row.macs <= share * macs), default=0.0)
        for share in SHARES
    ]


TWO: Sequence[Direction] = ("maximize", "minimize")
OF_BUDGETS: Sequence[Direction] = ["maximize" for _ in SHARES]


def _worst_of_two(macs: int) -> Sequence[float]:
    return 0.0, float(macs)


ARMS: Mapping[str, Arm] = {
    "random": Arm(TWO, last_round, _worst_of_two, sampler="random"),
    "last round": Arm(TWO, last_round, _worst_of_two),
    "trajectory's volume": Arm(("maximize",), trajectory_volume, lambda _: (0.0,)),
    "accuracy at budgets": Arm(OF_BUDGETS, at_budgets, lambda _: (0.0,) * len(SHARES)),
    "all rounds": Arm(TWO, last_round, _worst_of_two, every_round=True),
    "all rounds, naive": Arm(
        TWO, last_round, _worst_of_two, every_round=True, startup_in_trials=False
    ),
}


class Search:
    """One search of the grid: asks, looks the trial up, tells.

    Attributes:
        seen: what it has paid for.
    """

    def __init__(self, grid: Recorded, arm: Arm, seed: int) -> None:
        self.seen = Seen(grid.macs)
        self._grid, self._arm, self._seed = grid, arm, seed
        self._space = search_space()
        self._study = optuna.create_study(directions=list(arm.directions))
        self._common = IntersectionSearchSpace()
        self._asked = 0

    def ask(self) -> tuple[optuna.Trial, Rows]:
        """Ask for a trial; return it and its rounds."""
        settings, sampler = self._space.sweep, self._arm.sampler
        if self._arm.startup_in_trials and self._asked < settings.startup_trials:
            sampler = "random"  # what TPE does itself while it counts only trials
        settings = settings.model_copy(update={"sampler": sampler})
        self._study.sampler = new_sampler(settings, self._seed, self._asked, self._common)
        self._asked += 1
        trial = self._study.ask()
        self._space.sample(Asked(trial))
        return trial, self._grid.trial(trial.params)

    def tell(self, trial: optuna.Trial, rows: Rows) -> None:
        """Tell the outcome of a trial that ran to its end."""
        if self._arm.every_round:
            for stop in range(1, rows[-1].round):
                self._study.add_trial(self._earlier(trial, rows[: stop + 1]))
        values, violation = self._verdict(rows)
        trial.set_constraint(USABLE, violation)
        self._study.tell(trial, list(values))

    def tell_stopped(self, trial: optuna.Trial) -> None:
        """Tell that a trial was stopped early."""
        trial.set_constraint(USABLE, 0.0)
        self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)

    def _earlier(self, trial: optuna.Trial, rows: Rows) -> optuna.trial.FrozenTrial:
        values, violation = self._verdict(rows)
        return optuna.trial.create_trial(
            params={**trial.params, ROUNDS: rows[-1].round},
            distributions=trial.distributions,
            values=list(values),
            constraints={USABLE: violation},
        )

    def _verdict(self, rows: Rows) -> tuple[Sequence[float], float]:
        if is_usable(rows[-1], self._space.sweep.collapse_accuracy):
            return self._arm.tell(rows, self._grid.macs), 0.0
        return self._arm.worst(self._grid.macs), 1.0


def is_usable(row: Row, collapse_accuracy: float) -> bool:
    """Whether a trial that ends with this network is feasible, as the product decides it."""
    return row.accuracy >= collapse_accuracy / CLASSES


def replay(grid: Recorded, arm: Arm, seed: int, trials: int = TRIALS) -> list[Point]:
    """Search the grid and return where the search stood after each trial."""
    search = Search(grid, arm, seed)
    points = []
    for _ in range(trials):
        trial, rows = search.ask()
        before = search.seen.images
        for row in rows:
            search.seen.add(row)
        search.tell(trial, rows)
        points.append(standing(search.seen, before))
    return points


def main() -> None:
    """Replay all arms, print the tables, draw the picture."""
    options = _options()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    grids = [recorded(seed) for seed in GRID_SEEDS]
    found: dict[str, Runs] = {
        name: {
            (grid.seed, seed): replay(grid, arm, seed_of(grid.seed, seed))
            for grid in grids
            for seed in range(options.sampler_seeds)
        }
        for name, arm in ARMS.items()
    }
    found["greedy"] = {(grid.seed, 0): list(greedy(grid)) for grid in grids}
    text = report(grids, found)
    print(text)
    (RESULTS / "ablation-teaching.md").write_text(text + "\n")
    draw(grids, found, RESULTS / "ablation-teaching.png")


def report(grids: Sequence[Recorded], found: Mapping[str, Runs]) -> str:
    """Return the tables, and what the grid itself is like."""
    best = [all_seen(grid) for grid in grids]
    lines = [
        f"best of the grid: area {', '.join(f'{seen.area:.3f}' for seen in best)},"
        f" hypervolume {', '.join(f'{seen.hypervolume:.3f}' for seen in best)}"
        f" ({', '.join(f'{seen.images:,}' for seen in best)} images)"
    ]
    for figure in ("hypervolume", "area"):
        lines += ["", f"{figure}: mean ± standard deviation", "", table(found, figure)]
    lines += ["", "gain over random with the same seeds: mean ± standard error", "", gains(found)]
    return "\n".join(lines)


def table(found: Mapping[str, Runs], figure: str) -> str:
    """Return a figure of all arms after some trials and within some images."""
    heads = [*(f"{n} trials" for n in AT_TRIALS), *(f"{n:,} images" for n in AT_IMAGES)]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, runs in found.items():
        cells = [
            *(spread([getattr(run[n - 1], figure) for run in runs.values()]) for n in AT_TRIALS),
            *(spread([at_images(run, n, figure) for run in runs.values()]) for n in AT_IMAGES),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def gains(found: Mapping[str, Runs]) -> str:
    """Return how far each arm is ahead of random with the same grid and sampler seed."""
    heads = ["volume, 40 trials", "area, 40 trials", "volume, 20,000 images",
             "area, 20,000 images", "trials that trained", "images of 40 trials"]  # fmt: skip
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    random = found["random"]
    for name, runs in found.items():
        if runs.keys() != random.keys():
            continue
        pairs = [(run, random[seeds]) for seeds, run in runs.items()]
        cells = [
            *(_gain([getattr(a[39], f) - getattr(b[39], f) for a, b in pairs]) for f in FIGURES),
            *(_gain([at_images(a, 20_000, f) - at_images(b, 20_000, f) for a, b in pairs])
              for f in FIGURES),
            f"{np.mean([point.new for run in runs.values() for point in run[:40]]):.0%}",
            f"{np.mean([run[39].images for run in runs.values()]):,.0f}",
        ]  # fmt: skip
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


FIGURES = ("hypervolume", "area")


def _gain(differences: Sequence[float]) -> str:
    error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    return f"{np.mean(differences):+.4f} ± {error:.4f}"


def draw(grids: Sequence[Recorded], found: Mapping[str, Runs], path: Path) -> None:
    """Draw both figures over trials and over images, the mean over all seeds."""
    mpl.use("Agg")
    figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained", sharey="row")
    budgets = range(2_500, 40_001, 500)
    for row, name in zip(axes, FIGURES, strict=True):
        for arm, runs in found.items():
            over_trials = np.mean([[getattr(p, name) for p in r] for r in runs.values()], axis=0)
            over_images = np.mean(
                [[at_images(r, b, name) for b in budgets] for r in runs.values()], axis=0
            )
            style = STYLES.get(arm, {})
            row[0].plot(np.arange(1, len(over_trials) + 1), over_trials, label=arm, **style)
            row[1].plot(budgets, over_images, label=arm, **style)
        best = np.mean([getattr(all_seen(grid), name) for grid in grids])
        for panel, axis in zip(row, ("trials", "images trained"), strict=True):
            panel.axhline(best, color="black", linestyle="--", label="best of the grid")
            panel.set(xlabel=axis, ylabel=name, ylim=(0.8 * best, 1.01 * best))
            panel.grid(alpha=0.3)
        row[0].set_xlim(0, TRIALS)
    axes[1][1].legend(fontsize="small")
    figure.savefig(path, dpi=130)


STYLES: Mapping[str, Mapping[str, Any]] = {
    "random": {"color": "grey", "linewidth": 2.5},
    "greedy": {"color": "black", "linestyle": ":"},
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sampler-seeds", type=int, default=20)
    return parser.parse_args()


if __name__ == "__main__":
    main()
