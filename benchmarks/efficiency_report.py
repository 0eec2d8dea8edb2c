"""Tables and pictures of `benchmarks.search_efficiency`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.arm import Row, first, until
from benchmarks.judging import LOG_LOW, affordable, area, bias, log_area, spread

AT_IMAGES = (8_000, 16_000, 24_000, 30_000)
SHARES = (0.01, 0.02, 0.05, 0.1, 0.3, 1.0)
STYLES = {
    "script": "#999999",
    "one_cut": "#D55E00",
    "random": "#E69F00",
    "minimal": "#0072B2",
}

Runs = Mapping[str, Mapping[int, Sequence[Row]]]
"""Arm -> seed -> what it found, in order, within the budget."""


def tables(task: str, found: Runs) -> str:
    """Return what each arm's front of a task is worth, and what it took to pass others."""
    heads = [*(f"log area at {n:,}" for n in AT_IMAGES), "area", "bias", "images x share", "s"]
    lines = [f"{task}: mean ± standard deviation over seeds", ""]
    lines += [f"| arm | seeds | {' | '.join(heads)} |", "|---" * (len(heads) + 2) + "|"]
    for arm, by_seed in found.items():
        runs = list(by_seed.values())
        cells = [
            str(len(runs)),
            *(spread([log_area(until(run, n)) for run in runs]) for n in AT_IMAGES),
            spread([area(run) for run in runs]),
            spread([bias(run) for run in runs]),
            spread([run[-1].work for run in runs], 0),
            spread([run[-1].seconds for run in runs], 0),
        ]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    lines += ["", f"| accuracy within | {' | '.join(f'{share:.0%}' for share in SHARES)} |"]
    lines.append("|---" * (len(SHARES) + 1) + "|")
    for arm, by_seed in found.items():
        ends = [spread([affordable(run, share) for run in by_seed.values()]) for share in SHARES]
        lines.append(f"| {arm} | {' | '.join(ends)} |")
    return "\n".join([*lines, "", *passings(found)])


def passings(found: Runs) -> list[str]:
    """Return what it took each arm, on each seed, to pass the last log area of each other one."""
    lines = ["| to pass | its images | its images x share | its s | by | images | images x share"
             " | s |", "|---" * 8 + "|"]  # fmt: skip
    for other, theirs in found.items():
        for arm, ours in found.items():
            for seed in sorted(theirs.keys() & ours.keys()) if arm != other else ():
                goal = log_area(theirs[seed])
                to_reach = _taken(theirs[seed], goal)
                lines.append(
                    f"| {other} {seed}, {goal:.3f} | {to_reach} | {arm} |"
                    f" {_taken(ours[seed], goal)} |"
                )
    return lines


def _taken(rows: Sequence[Row], goal: float) -> str:
    at = first([reached >= goal for reached in log_areas(rows)])
    if at is None:
        return "never | |"
    return f"{rows[at].images_trained:,} | {rows[at].work:,.0f} | {rows[at].seconds:.0f}"


def log_areas(rows: Sequence[Row]) -> list[float]:
    """Return the logarithmic area of the front after each network."""
    return [log_area(rows[: at + 1]) for at in range(len(rows))]


def draw(found: Mapping[str, Runs], path: Path) -> None:
    """Draw each task's log area over images, work and time, and its last fronts."""
    mpl.use("Agg")
    figure, grid = plt.subplots(
        len(found), 4, figsize=(19, 4.2 * len(found)), layout="constrained", squeeze=False
    )
    for row, (task, runs) in zip(grid, found.items(), strict=True):
        for arm, by_seed in runs.items():
            for number, run in enumerate(by_seed.values()):
                _draw_run(row, run, STYLES[arm], arm if number == 0 else None)
        row[0].set(xlabel="images trained", ylabel=f"{task}: log area")
        row[1].set(xlabel="images x share of the MACs", xscale="log")
        row[2].set(xlabel="wall-clock, s")
        row[3].set(xlabel="share of the MACs", xscale="log", ylabel="accuracy on unseen images")
        for axes in row:
            axes.grid(alpha=0.3)
        row[0].legend()
    figure.savefig(path, dpi=110)


def _draw_run(row: Sequence[Axes], run: Sequence[Row], colour: str, label: str | None) -> None:
    reached = log_areas(run)
    line: dict[str, Any] = {"color": colour, "label": label, "where": "post"}
    for axes, name in zip(row, ("images_trained", "work", "seconds"), strict=False):
        axes.step([getattr(found, name) for found in run], reached, **line)
    shares = np.geomspace(LOG_LOW, 1.0, 181)
    row[3].step(shares, [affordable(run, share) for share in shares], **line)
