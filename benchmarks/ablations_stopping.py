"""What early stopping saves, and what it costs: searches of the recorded grid with and without.

Trials run one after the other, and the rule hears each round as the sweep's scheduler does. Three
sweeps: all trajectories of the grid to their eighth round, in random order; 40 trials of settings
times the round to stop at, drawn at random; and the same proposed by TPE, which is told of a stop
as the product tells it. In the first two the same trials run with and without.

    python -m benchmarks.ablations_stopping
"""

import argparse
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
from matplotlib import pyplot as plt

from benchmarks.ablations_replay import GRID_SEEDS, Recorded, Rows, Seen, recorded
from benchmarks.ablations_teaching import ARMS, Search
from benchmarks.grid import RESULTS
from tatl_search.core.early_stopping import EarlyStopping
from tatl_search.search.samplers import seed_of

TRIALS = 40
SAVED, LOST = 0.30, 0.01
"""What early stopping is to save of the images, and may lose of the area."""


@dataclass(frozen=True)
class Outcome:
    """What a sweep paid and found."""

    images: int
    area: float
    hypervolume: float
    stopped: int


@dataclass(frozen=True)
class Effect:
    """What stopping changed in a sweep, as shares of the sweep without."""

    saved: float
    area_lost: float
    volume_lost: float
    stopped: int


def effect(without: Outcome, with_stops: Outcome) -> Effect:
    """Compare a sweep with itself, without early stopping."""
    return Effect(
        1 - with_stops.images / without.images,
        1 - with_stops.area / without.area,
        1 - with_stops.hypervolume / without.hypervolume,
        with_stops.stopped,
    )


def watched(rule: EarlyStopping | None, trial: int, rows: Rows, seen: Seen) -> bool:
    """Run a trial until the rule stops it; return whether it did."""
    for row in rows:
        seen.add(row)
        if rule is None:
            continue
        hopeless = rule.hear(trial, row.round, row.accuracy, [row.macs])
        if hopeless and row is not rows[-1]:  # at its own end there is nothing left to stop
            rule.stop(trial)
            return True
    if rule is not None:
        rule.finish(trial)
    return False


def whole_grid(grid: Recorded, rule: EarlyStopping | None, seed: int) -> Outcome:
    """Run all trajectories of the grid, in random order."""
    order = list(grid.trajectories.values())
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    seen = Seen(grid.macs)
    stopped = sum(watched(rule, number, rows, seen) for number, rows in enumerate(order))
    return Outcome(seen.images, seen.area, seen.hypervolume, stopped)


def searched(arm: str, grid: Recorded, rule: EarlyStopping | None, seed: int) -> Outcome:
    """Run the trials that a sampler proposes."""
    search, stopped = Search(grid, ARMS[arm], seed), 0
    for number in range(TRIALS):
        trial, rows = search.ask()
        if watched(rule, number, rows, search.seen):
            stopped += 1
            search.tell_stopped(trial)
        else:
            search.tell(trial, rows)
    seen = search.seen
    return Outcome(seen.images, seen.area, seen.hypervolume, stopped)


Sweep = Callable[[Recorded, EarlyStopping | None, int], Outcome]

SWEEPS: Mapping[str, Sweep] = {
    "whole grid": whole_grid,
    "random": partial(searched, "random"),
    "TPE": partial(searched, "last round"),
}

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "as it stands": {},
    **{f"least finished {n}": {"least_finished": n} for n in (3, 5, 15)},
    **{f"patience {n}": {"patience": n} for n in (1, 3)},
    **{f"{share:.0%} unstopped": {"share_unstopped": share} for share in (0.0, 0.2)},
}

Effects = Mapping[str, Mapping[str, Sequence[Effect]]]
"""Variant of the rule -> sweep -> what stopping changed, one a pair of seeds."""


def main() -> None:
    """Replay all sweeps under all variants of the rule, print the table, draw the picture."""
    options = _options()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    grids = [recorded(seed) for seed in GRID_SEEDS]
    runs = [(g, seed_of(g.seed, n)) for g in grids for n in range(options.sampler_seeds)]
    without = {name: [sweep(g, None, seed) for g, seed in runs] for name, sweep in SWEEPS.items()}
    effects: Effects = {
        variant: {
            name: [
                effect(before, sweep(grid, EarlyStopping(seed, costs=1, **changes), seed))
                for (grid, seed), before in zip(runs, without[name], strict=True)
            ]
            for name, sweep in SWEEPS.items()
        }
        for variant, changes in VARIANTS.items()
    }
    text = "\n\n".join(table(effects, name) for name in SWEEPS)
    print(text)
    (RESULTS / "ablation-stopping.md").write_text(text + "\n")
    draw(effects["as it stands"], RESULTS / "ablation-stopping.png")


def table(effects: Effects, sweep: str) -> str:
    """Return what each variant of the rule did in a sweep: mean ± standard deviation."""
    heads = ["images saved", "area lost", "hypervolume lost", "trials stopped", "within target"]
    lines = [f"| {sweep} | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for variant, by_sweep in effects.items():
        found = by_sweep[sweep]
        cells = [
            _shares([one.saved for one in found]),
            _shares([one.area_lost for one in found]),
            _shares([one.volume_lost for one in found]),
            f"{np.mean([one.stopped for one in found]):.1f}",
            f"{sum(one.saved >= SAVED and one.area_lost < LOST for one in found)} of {len(found)}",
        ]
        lines.append(f"| {variant} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(effects: Mapping[str, Sequence[Effect]], path: Path) -> None:
    """Draw every sweep as a point: what it saved and what it lost."""
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    for name, found in effects.items():
        saved, lost = [100 * one.saved for one in found], [100 * one.area_lost for one in found]
        axes.scatter(saved, lost, label=name, alpha=0.7)
    axes.axvline(100 * SAVED, color="grey", linestyle="--")
    axes.axhline(100 * LOST, color="grey", linestyle="--", label="target: right of it, below it")
    axes.set(xlabel="images saved, %", ylabel="area under the final front lost, %")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=130)


def _shares(values: Sequence[float]) -> str:
    return f"{100 * np.mean(values):.1f} ± {100 * np.std(values, ddof=1):.1f} %"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sampler-seeds", type=int, default=20)
    return parser.parse_args()


if __name__ == "__main__":
    main()
