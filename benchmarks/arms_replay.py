"""Which way of searching is best? Arms replayed on the recorded grid of the wide space.

Trials cost a look-up; images are counted as a sweep pays for them, except that two trials of the
same trajectory both pay: the space stands for a continuous one, in which no two are alike. First
fine-tunings are shared, and a trial that goes on where another stopped pays for what it adds.
Every network of a trial counts on the front. Arms:

- random, quasi-random, NSGA-II: the product's samplers.
- TPE: told accuracy and MACs; with "log cost" the logarithm of the MACs instead.
- prior: known recipes, cycled over the target shares; nothing else.
- prior + TPE: the recipes first, then TPE with log cost.
- prior + promotion: as that, but all begin with one piece of finishing, and the best go on.
- prior + cheap TPE: of four proposals of TPE the one that costs least.
- one level, whole trajectory: TPE with log cost, where each trial cuts once to its target, or
  walks down to 1 % in several rounds; likewise random.

    python -m benchmarks.arms_replay
"""

import argparse
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
from matplotlib import pyplot as plt
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace

from benchmarks.judging import spread
from benchmarks.rows import read
from benchmarks.wide_grid import POINTS, RESULTS, SPACE, Key, Row, nearest, trajectories
from tatl_search.core.pareto import log_area_under_front
from tatl_search.search.answers import Asked
from tatl_search.search.rungs import IMAGES, RUNG, Rungs
from tatl_search.search.samplers import Fixed, new_sampler, seed_of
from tatl_search.search.study import USABLE
from tatl_search.space import Range, SearchSpace, space_from_raw

CLASSES = 10
BUDGET = 30_000
"""Images of an arm of `benchmarks.search_efficiency`: six to ten trials."""

LONGEST = 90_000
"""Images that are replayed, so that samplers have something to learn from."""

AT_IMAGES = (5_000, 10_000, 20_000, BUDGET, 60_000, LONGEST)
PROPOSALS = 4
"""Proposals of TPE of which the cheapest is taken."""

SIZE, START, TARGET = "data.image_size", "start", "stop.target_macs_share"
RECIPE: Mapping[str, Any] = {
    START: "pretrained",
    "prune.rounds": 1,
    "retrain.learning_rate": 0.1,
    "retrain.epochs": 8,
    RUNG: 1,
}
"""One hard cut and training."""

WALK: Mapping[str, Any] = {START: "finetuned", "prune.rounds": 3, "retrain.learning_rate": 0.04}
"""What a recipe of several rounds does otherwise."""

PRIOR_FIRST = 0.05
"""Recipes whose targets are nearest to this share come first."""


@dataclass(frozen=True)
class Grid:
    """What is recorded of a seed.

    Attributes:
        seed: of its adaptations and cuts of the data.
        trajectories: settings -> rows, in order.
        values: parameter -> the values that are recorded.
    """

    seed: int
    trajectories: Mapping[Key, Sequence[Row]]
    values: Mapping[str, Sequence[Any]]

    def space(self) -> SearchSpace:
        """Return the space that the grid stands for, as far as it is recorded."""
        only = [f"{name}={found[0]}" for name, found in self.values.items() if len(found) == 1]
        return space_from_raw(SPACE, only, "benchmarks/wide_grid.py")

    def trial(self, params: Mapping[str, Any]) -> Sequence[Row]:
        """Return the networks of the trial of these settings, as far as it is finished."""
        fixed = {name: found[0] for name, found in self.values.items() if len(found) == 1}
        rows = self.trajectories[nearest({**fixed, **params})]
        return [row for row in rows if row.finished <= params[RUNG]]


def recorded(seed: int, folder: Path = RESULTS) -> Grid:
    """Read the grid of a seed; a part that is a grid of its own serves as well."""
    found: dict[Key, list[Row]] = {}
    keys = trajectories()
    for row in read(folder / f"wide-grid-{seed}.parquet", Row):
        found.setdefault(keys[row.number], []).append(row)
    values = {name: sorted({key[place] for key in found}) for place, name in enumerate(POINTS)}
    return Grid(seed, found, values)


@dataclass
class Account:
    """What a search has paid for, and the networks that it has seen.

    Attributes:
        images: trained so far.
        networks: (accuracy, MACs share) of each.
    """

    images: int = 0
    networks: list[tuple[float, float]] = field(default_factory=list)
    _roots: set[str] = field(default_factory=set)

    def add(self, rows: Sequence[Row], pays_from: int = 0) -> int:
        """Count a trial; return what it would cost had it shared nothing.

        Args:
            rows: its networks, in order.
            pays_from: pieces of finishing that another trial has paid for, and all before them.
        """
        for row in rows:
            self.networks.append((row.accuracy, row.macs_share))
            is_root = row.round == 0
            if pays_from <= row.finished and not (is_root and row.stage in self._roots):
                self.images += row.images_trained
            if is_root:
                self._roots.add(row.stage)
        return sum(row.images_trained for row in rows)

    @property
    def log_area(self) -> float:
        """Of the front of all networks seen."""
        accuracy, share = np.array(self.networks).T
        return log_area_under_front(accuracy, share)


@dataclass(frozen=True)
class Arm:
    """A way of searching.

    Attributes:
        sampler: of the product.
        log_cost: whether the sampler is told the logarithm of the MACs.
        prior: whether known recipes come first.
        searches: whether anything but the prior is tried.
        promote: whether trials begin with the shortest finishing and the best go on.
        proposals: of which the cheapest is taken.
        fixed: what no trial may differ in.
    """

    sampler: str = "tpe"
    log_cost: bool = True
    prior: bool = False
    searches: bool = True
    promote: bool = False
    proposals: int = 1
    fixed: Mapping[str, Any] = field(default_factory=dict)


ONE_LEVEL = {"prune.rounds": 1}
WHOLE = {"prune.rounds": 3, TARGET: 0.01}
ARMS: Mapping[str, Arm] = {
    "random": Arm("random"),
    "quasi-random": Arm("qmc"),
    "TPE": Arm(log_cost=False),
    "TPE, log cost": Arm(),
    "NSGA-II": Arm("nsga2"),
    "prior": Arm(prior=True, searches=False),
    "prior + random": Arm("random", prior=True),
    "prior + TPE": Arm(prior=True),
    "prior + promotion": Arm(prior=True, promote=True),
    "prior + cheap TPE": Arm(prior=True, proposals=PROPOSALS),
    "random, one level": Arm("random", fixed=ONE_LEVEL),
    "random, whole trajectory": Arm("random", fixed=WHOLE),
    "TPE, one level": Arm(fixed=ONE_LEVEL),
    "TPE, whole trajectory": Arm(fixed=WHOLE),
}


@dataclass(frozen=True)
class Point:
    """Where a search stands after a trial."""

    images: int
    log_area: float


class Search:
    """One search of the grid: asks, looks the trial up, tells.

    Attributes:
        account: what it has paid for.
    """

    def __init__(self, grid: Grid, arm: Arm, seed: int) -> None:
        self.account = Account()
        self._grid, self._arm, self._seed = grid, arm, seed
        self._space = grid.space()
        self._study = optuna.create_study(directions=["maximize", "minimize"])
        self._common = IntersectionSearchSpace()
        self._prior = prior(grid) if arm.prior else []
        self._rungs = self._new_rungs() if arm.promote else None
        self._asked = 0

    def _new_rungs(self) -> Rungs:
        pieces = dict(self._space.parameters)[RUNG]
        assert isinstance(pieces, Range)
        return Rungs(pieces, (-1.0, 1.0), (0.0, self._cost(1.0)))

    def _cost(self, share: float) -> float:
        # Of 1 at the least share that counts, so that what is told is above 0.
        return 1.0 + math.log10(max(share, 0.01) / 0.01) if self._arm.log_cost else share

    def run(self, budget: int) -> list[Point]:
        """Search until a budget of images is used up; return where it stood after each trial."""
        points: list[Point] = []
        while self.account.images < budget:
            self._next()
            points.append(Point(self.account.images, self.account.log_area))
        return points

    def _next(self) -> None:
        climbing = self._climbing()
        trial = self._ask(climbing)
        rows = self._grid.trial(trial.params)
        whole = self.account.add(rows, trial.params[RUNG] if climbing else 0)
        trial.set_user_attr(IMAGES, whole)
        last = rows[-1]
        usable = last.accuracy >= self._space.sweep.collapse_accuracy / CLASSES
        trial.set_constraint(USABLE, 0.0 if usable else 1.0)
        values = (last.accuracy, last.macs_share) if usable else (0.0, 1.0)
        self._study.tell(trial, [values[0], self._cost(values[1])])

    def _climbing(self) -> Mapping[str, Any] | None:
        if self._rungs is None or self._asked < len(self._prior):
            return None
        return self._rungs.climb(self._study.get_trials(deepcopy=False))

    def _ask(self, climbing: Mapping[str, Any] | None) -> optuna.Trial:
        number = self._asked
        self._asked += 1
        if climbing:
            return self._drawn(climbing, number)
        if self._prior and (number < len(self._prior) or not self._arm.searches):
            return self._drawn(self._prior[number % len(self._prior)], number)
        given = dict(self._arm.fixed)
        if self._rungs:
            given |= self._rungs.first
        drawn = [
            self._drawn(given, number * self._arm.proposals + place)
            for place in range(self._arm.proposals)
        ]
        cheapest = min(drawn, key=self._images)
        for trial in drawn:
            if trial is not cheapest:
                self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return cheapest

    def _drawn(self, given: Mapping[str, Any], number: int) -> optuna.Trial:
        self._study.sampler = self._sampler(given, number)
        trial = self._study.ask()
        self._space.sample(Asked(trial))
        return trial

    def _sampler(self, given: Mapping[str, Any], number: int) -> BaseSampler:
        settings = self._space.sweep
        sampler = self._arm.sampler
        if sampler == "tpe" and self._asked <= settings.startup_trials and self._arm.proposals == 1:
            sampler = "random"  # start-up counts trials
        settings = settings.model_copy(update={"sampler": sampler})
        return Fixed(given, new_sampler(settings, self._seed, number, self._common))

    def _images(self, trial: optuna.Trial) -> int:
        """Return what a trial is expected to train; its settings say it."""
        rows = self._grid.trial(trial.params)
        return sum(row.images_trained for row in rows if row.round > 0)


def prior(grid: Grid) -> list[dict[str, Any]]:
    """Return known recipes: one hard cut to each target, then several rounds down to the least."""
    largest, targets = max(grid.values[SIZE]), grid.values[TARGET]
    order = sorted(targets, key=lambda share: abs(math.log(share / PRIOR_FIRST)))
    cuts = [{**RECIPE, SIZE: largest, TARGET: share} for share in order]
    walk = {**RECIPE, SIZE: largest, TARGET: min(targets), **WALK}
    return [*cuts, *([walk] if "finetuned" in grid.values[START] else [])]


def at_images(points: Sequence[Point], budget: int) -> float:
    """Return the log area that a search had within a budget of images; 0 before its first."""
    within = [point.log_area for point in points if point.images <= budget]
    return within[-1] if within else 0.0


def to_reach(points: Sequence[Point], goal: float) -> float:
    """Return the images after which a search had an area; infinite for never."""
    return next((point.images for point in points if point.log_area >= goal), math.inf)


Runs = Mapping[tuple[int, int], Sequence[Point]]
"""(grid seed, sampler seed) -> where the search stood after each trial."""


def main() -> None:
    """Replay all arms, print the table, draw the picture."""
    options = _options()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    grids = [recorded(seed, options.grids) for seed in options.grid_seeds]
    found: dict[str, Runs] = {
        name: {
            (grid.seed, seed): Search(grid, arm, seed_of(grid.seed, seed)).run(LONGEST)
            for grid in grids
            for seed in range(options.sampler_seeds)
        }
        for name, arm in ARMS.items()
    }
    text = report(grids, found)
    print(text)
    (RESULTS / "arms-replay.md").write_text(text + "\n")
    draw(found, RESULTS / "arms-replay.png")


def report(grids: Sequence[Grid], found: Mapping[str, Runs]) -> str:
    """Return the table of all arms, and what the grid itself is like."""
    best = {}
    for grid in grids:
        everything = Account()
        for rows in grid.trajectories.values():
            everything.add(rows)
        best[grid.seed] = everything.log_area
    told = ", ".join(f"{area:.3f} (seed {seed})" for seed, area in best.items())
    lines = [f"best of the grid: log area {told}", ""]
    heads = [
        *(f"log area at {n:,}" for n in AT_IMAGES),
        f"trials in {BUDGET:,}",
        f"images to pass random at {BUDGET:,}",
    ]
    lines += [f"| arm | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    goals = {grid.seed: _goal(found["random"], grid.seed) for grid in grids}
    for name, runs in found.items():
        cells = [spread([at_images(run, n) for run in runs.values()]) for n in AT_IMAGES]
        within = [sum(point.images <= BUDGET for point in run) for run in runs.values()]
        cells.append(f"{np.mean(within):.0f}")
        cells.append(_passing([to_reach(run, goals[seed]) for (seed, _), run in runs.items()]))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _goal(random: Runs, grid_seed: int) -> float:
    """Return random's log area with the benchmark's budget, the mean over its sampler seeds."""
    own = [run for (seed, _), run in random.items() if seed == grid_seed]
    return float(np.mean([at_images(run, BUDGET) for run in own]))


def _passing(images: Sequence[float]) -> str:
    """Return the middle and the quarters of what it took, and how many never did."""
    low, middle, high = (
        f"{value:,.0f}" if math.isfinite(value) else f"> {LONGEST:,}"
        for value in np.quantile(images, (0.25, 0.5, 0.75), method="nearest")
    )
    never = sum(map(math.isinf, images))
    return f"{middle} ({low} to {high}; {never} of {len(images)} never)"


def draw(found: Mapping[str, Runs], path: Path) -> None:
    """Draw the log area over images, the mean over all seeds."""
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    budgets = range(1_000, LONGEST + 1, 500)
    colours = plt.get_cmap("tab20").colors  # type: ignore[attr-defined]
    for colour, (arm, runs) in zip(colours, found.items(), strict=False):
        curve = [np.mean([at_images(run, n) for run in runs.values()]) for n in budgets]
        axes.plot(budgets, curve, label=arm, color=colour)
    axes.set(xlabel="images trained", ylabel="log area under the front")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=130)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--grids", type=Path, default=RESULTS)
    parser.add_argument("--grid-seeds", type=int, nargs="*", default=[0, 1])
    parser.add_argument("--sampler-seeds", type=int, default=12)
    return parser.parse_args()


if __name__ == "__main__":
    main()
