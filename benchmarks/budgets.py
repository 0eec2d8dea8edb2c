"""What sweeps spend of the budgets that they are given.

Each sweep has trials to spare, so that its budget ends it. At most one round, piece of finishing or
first fine-tuning a worker goes beyond: the largest that the sweep had is in the table. Sweeps whose
folder is there are not run again.

    python -m benchmarks.budgets --work sweeps/budgets
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from tatl_search.records import StopReason
from tatl_search.results.store import SweepResults, load_sweep

SPACES = Path(__file__).parent.parent / "search_spaces"
QUICKSTART = SPACES / "quickstart.yaml"
TINY: Mapping[str, object] = {
    "sweep": {"trials": 500, "startup_trials": 4, "collapse_accuracy": 0.0},
    "wandb": {"mode": "disabled"},
    "data": {"image_size": 32, "per_class": 10},
    "network": {"name": "timm/test_efficientnet", "weights": "random"},
    "finetune": {"batch_size": 20},
    "prune": {"threshold": {"low": 0.5, "high": 0.9}, "rate": 0.2},
    "retrain": {"epochs": 2, "batch_size": 20},
    "stop": {"max_rounds": {"low": 2, "high": 6}, "max_drop": {"low": 0.05, "high": 0.3}},
    "finish": {"epochs": 4, "pieces": {"low": 1, "high": 3}},
}
"""Trials of seconds on a hundred digits."""


class Case(NamedTuple):
    """A sweep to run.

    Attributes:
        name: of its folder.
        quickstart: whether it is the quickstart, with baselines; else `TINY`.
        budget: setting below `sweep.budget`.
        asked: its value.
        settings: what else is set.
    """

    name: str
    quickstart: bool
    budget: str
    asked: float
    settings: tuple[str, ...] = ()


PROMOTED = ("sweep.promote=true",)
CASES = (
    Case("quickstart-48000", True, "images_trained", 48_000),
    Case("quickstart-100000", True, "images_trained", 100_000),
    Case("quickstart-2min", True, "minutes", 2, ("sweep.budget.images_trained=null",)),
    Case("tiny-500", False, "images_trained", 500),
    Case("tiny-5000", False, "images_trained", 5_000),
    Case("tiny-10000", False, "images_trained", 10_000),
    Case("tiny-promoted-10000", False, "images_trained", 10_000, PROMOTED),
    Case("tiny-2min", False, "minutes", 2),
)


def main() -> None:
    """Run what is missing, one sweep after the other, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("sweeps/budgets"))
    parser.add_argument("--only", default="", help="run those cases whose names begin so")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    print(
        "| sweep | asked | spent | beyond | largest piece | trials ended | of them by the budget |"
        "\n|---|---|---|---|---|---|---|"
    )
    for case in CASES:
        if case.name.startswith(options.only):
            print(row(case, swept(case, options.work)), flush=True)


def swept(case: Case, work: Path) -> SweepResults:
    """Return a case's sweep, run if it is not there."""
    # Each has a storage of its own: sweeps beside each other share what they have computed.
    folder = work / case.name / "sweep"
    if not folder.exists():
        space = QUICKSTART
        if not case.quickstart:
            space = work / "tiny.yaml"
            space.write_text(yaml.safe_dump(dict(TINY)))
        settings = (f"sweep.budget.{case.budget}={case.asked:g}", *case.settings)
        program = str(Path(sys.executable).with_name("tatl-search"))
        command = [program, "sweep", str(space)]
        command += ["--storage", str(folder.parent), "--name", folder.name]
        command += [part for setting in settings for part in ("--set", setting)]
        with (work / case.name).with_suffix(".log").open("w") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log)
    return load_sweep(folder)


def row(case: Case, results: SweepResults) -> str:
    """Return a line of the table."""
    pieces = results.rows
    if case.budget == "minutes":
        told = re.search(r": ([\d.,]+) of", results.ended_by or "")
        spent = float(told[1].replace(",", "")) if told else float("nan")
        largest = f"{max(piece.seconds for piece in pieces) / 60:.2f}"
    else:
        spent = results.images_trained
        largest = f"{max(piece.images_trained for piece in pieces):,}"
    stopped = sum(trial.stop_reason is StopReason.BUDGET for trial in results.trials)
    beyond = max(0.0, spent - case.asked)
    unit = "min" if case.budget == "minutes" else "images"
    name = "quickstart" if case.quickstart else "tiny"
    if "sweep.promote=true" in case.settings:
        name += ", promoted"
    return (
        f"| {name} | {case.asked:,g} {unit} | {spent:,g} | {beyond:,.3g} | {largest} |"
        f" {len(results.trials)} | {stopped} |"
    )


if __name__ == "__main__":
    main()
