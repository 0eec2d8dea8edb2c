"""Arms of a search, and how they search a recorded grid of the wide space.

Trials cost a look-up; images are counted as a sweep pays for them, except that two trials of the
same trajectory both pay: the space stands for a continuous one, in which no two are alike. First
fine-tunings are shared, and a trial that goes on where another stopped pays for what it adds.
Every network of a trial counts on the front.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace

from benchmarks.rows import read
from benchmarks.wide_grid import (
    GRID_TASKS,
    PIECES,
    POINTS,
    RESULTS,
    Key,
    Row,
    grid_file,
    nearest,
    settings,
    trajectories,
)
from tatl_search.core.pareto import log_area_under_front
from tatl_search.newcomer.recipe import PRIOR, RATE
from tatl_search.search.answers import Asked
from tatl_search.search.rungs import IMAGES, RUNG, Rungs
from tatl_search.search.samplers import Fixed, new_sampler, seed_of
from tatl_search.search.study import USABLE
from tatl_search.space import Range, SearchSpace, space_from_raw

BUDGET = 30_000
"""Images of an arm of `benchmarks.search_efficiency`: two to four trials."""

LONGEST = 240_000
"""Images that are replayed, so that samplers have something to learn from."""

PROPOSALS = 4
"""Proposals of TPE of which the cheapest is taken."""

KEPT = 0.7
"""Chance that a neighbour of a front's network keeps one of its settings."""

START, ROUNDS, TARGET = "start", "prune.rounds", "stop.target_macs_share"
LEARNING_RATE = "retrain.learning_rate"


@dataclass(frozen=True)
class Grid:
    """What is recorded of a task and seed.

    Attributes:
        task: its name.
        seed: of its adaptations and cuts of the data.
        trajectories: settings -> rows, in order.
        values: parameter -> the values that are recorded.
    """

    task: str
    seed: int
    trajectories: Mapping[Key, Sequence[Row]]
    values: Mapping[str, Sequence[Any]]

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return f"{self.task} {self.seed}"

    def space(self) -> SearchSpace:
        """Return the space that the grid stands for, as far as it is recorded."""
        only = [f"{name}={found[0]}" for name, found in self.values.items() if len(found) == 1]
        return space_from_raw(settings(self.task), only, "benchmarks/wide_grid.py")

    def trial(self, params: Mapping[str, Any]) -> Sequence[Row]:
        """Return the networks of the trial of these settings, as far as it is finished."""
        fixed = {name: found[0] for name, found in self.values.items() if len(found) == 1}
        rows = self.trajectories[nearest({**fixed, **params}, self.values)]
        return [row for row in rows if row.finished <= params[RUNG]]


def recorded(task: str, seed: int, folder: Path = RESULTS) -> Grid:
    """Read the grid of a task and seed; a part that is a grid of its own serves as well."""
    found: dict[Key, list[Row]] = {}
    keys = trajectories()
    for row in read(grid_file(task, seed, folder), Row):
        found.setdefault(keys[row.number], []).append(row)
    values = {name: sorted({key[place] for key in found}) for place, name in enumerate(POINTS)}
    return Grid(task, seed, found, values)


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
        neighbours: whether trials differ little from those that a front's network came from.
        proposals: of which the cheapest is taken.
        fixed: what no trial may differ in.
    """

    sampler: str = "tpe"
    log_cost: bool = True
    prior: bool = False
    searches: bool = True
    promote: bool = False
    neighbours: bool = False
    proposals: int = 1
    fixed: Mapping[str, Any] = field(default_factory=dict)


ONE_LEVEL = {ROUNDS: 1}
WHOLE = {ROUNDS: 3, TARGET: 0.01}
ARMS: Mapping[str, Arm] = {
    "random": Arm("random"),
    "quasi-random": Arm("qmc"),
    "TPE": Arm(log_cost=False),
    "TPE, log cost": Arm(),
    "NSGA-II": Arm("nsga2"),
    "prior": Arm(prior=True, searches=False),
    "prior + random": Arm("random", prior=True),
    "prior + TPE": Arm(log_cost=False, prior=True),
    "prior + TPE, log cost": Arm(prior=True),
    "prior + promotion": Arm(prior=True, promote=True),
    "prior + cheap TPE": Arm(prior=True, proposals=PROPOSALS),
    "prior + neighbours": Arm("random", prior=True, neighbours=True),
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
        chance = 1.0 / GRID_TASKS[self._grid.task].classes
        usable = last.accuracy >= self._space.sweep.collapse_accuracy * chance
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
            recipe = self._prior[number % len(self._prior)]
            return self._drawn({**recipe, **(self._rungs.first if self._rungs else {})}, number)
        given = dict(self._arm.fixed)
        if self._arm.neighbours:
            given |= neighbour(self._study, np.random.default_rng(seed_of(self._seed, number)))
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
        ours = self._space.sweep
        sampler = self._arm.sampler
        if sampler == "tpe" and self._asked <= ours.startup_trials and self._arm.proposals == 1:
            sampler = "random"  # start-up counts trials
        ours = ours.model_copy(update={"sampler": sampler})
        return Fixed(given, new_sampler(ours, self._seed, number, self._common))

    def _images(self, trial: optuna.Trial) -> int:
        """Return what a trial is expected to train; its settings say it."""
        rows = self._grid.trial(trial.params)
        return sum(row.images_trained for row in rows if row.round > 0)


def neighbour(study: optuna.Study, rng: np.random.Generator) -> dict[str, Any]:
    """Return most settings of one of the trials on a study's front; at least one is left open."""
    chosen = study.best_trials[rng.integers(len(study.best_trials))].params
    names = list(chosen)
    kept = rng.random(len(names)) < KEPT
    kept[rng.integers(len(names))] = False
    return {name: chosen[name] for name, keeps in zip(names, kept, strict=True) if keeps}


def prior(grid: Grid) -> list[dict[str, Any]]:
    """Return the first trials of a search that follows from images, as near as the grid has them.

    All are finished.
    """
    recipes = []
    for cuts in PRIOR:
        given = {
            START: "pretrained",
            ROUNDS: 3 if cuts.rounds > 1 else 1,
            TARGET: cuts.share,
            LEARNING_RATE: RATE,
        }
        near = dict(zip(grid.values, nearest(given, grid.values), strict=True))
        recipe = {**near, RUNG: PIECES}
        if recipe not in recipes:  # the grid has one input size
            recipes.append(recipe)
    return recipes
