"""How a network is cut and trained: the recipes that the default was chosen among.

Each recipe is one adaptation by the product's loop, from the pre-trained weights, on tuning seeds
of the benchmark tasks. A line a network: its share of the MACs, the images so far, and its accuracy
on validation images; the test images stay shut. What is done is kept in `--work`.

    python -m benchmarks.recipes --tasks fashion letters --seeds 10 11
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.tasks import TASKS, TUNING_SEEDS
from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig
from tatl_search.data import load_target
from tatl_search.newcomer.recipe import EXPONENT, FLOORS, RATE, batch_size, epochs

CUT = {"method": "activation", "allocation": "uniform", **FLOORS}
FLOORS_AS_DEFAULT = {"min_filters": 4, "min_keep": 0.02}


def recipes(images: int) -> dict[str, dict[str, Any]]:
    """Return the recipes by name, for so many training images."""
    batch = batch_size(images)

    def trained(steps: int, batch: int = batch, rate: float = RATE) -> dict[str, Any]:
        return {"epochs": epochs(steps, batch, images), "batch_size": batch, "learning_rate": rate}

    def cut(share: float, rounds: int, steps: int, **others: Any) -> dict[str, Any]:
        retrain = {**trained(steps), "learning_rate_exponent": EXPONENT}
        return {
            "prune": {**CUT, "rounds": rounds},
            "retrain": {**retrain, **others.pop("retrain", {})},
            "stop": {"max_rounds": 10, "target_macs_share": share},
            **others,
        }

    shifted = {"data": {"augment": {"crop": "shift"}}}
    rival = trained(80, batch=50, rate=0.1) | {"learning_rate_exponent": 0.0}
    return {
        "one cut to 1 %, batches of 50 at 0.1": cut(0.01, 1, 80, retrain=rival),
        "one cut to 10 %, batches of 50 at 0.1": cut(0.1, 1, 80, retrain=rival),
        "one cut to 1 %, 200 steps": cut(0.01, 1, 200),
        "one cut to 10 %, 200 steps": cut(0.1, 1, 200),
        "one cut to 1 %, 200 steps, floors of 4": cut(0.01, 1, 200)
        | {"prune": {**CUT, **FLOORS_AS_DEFAULT, "rounds": 1}},
        "two cuts to 1 %, 200 steps each": cut(0.01, 2, 200),
        "four cuts to 1 %, 200 steps each": cut(0.01, 4, 200),
        "two cuts to 1 %, 100 steps each, then 400": cut(
            0.01, 2, 100, finish={"epochs": epochs(400, batch, images)}
        ),
        "two cuts to 1 %, 400 steps each": cut(0.01, 2, 400),
        "two cuts to 1 %, 400 steps each, shifted": cut(0.01, 2, 400, **shifted),
        "one cut to 1 %, 600 steps": cut(0.01, 1, 600),
    }


def settings(task: str, seed: int, work: Path, recipe: Mapping[str, Any]) -> AdaptationConfig:
    """Return the settings of an adaptation."""
    data = {"augment": {"crop": "none"}, **recipe.get("data", {}), **TASKS[task].data(seed, work)}
    return AdaptationConfig.model_validate(
        {**recipe, "start": "pretrained", "seed": seed, "data": data}
    )


def networks(task: str, seed: int, work: Path) -> Iterator[tuple[str, ...]]:
    """Yield a line for each network of each recipe, as soon as there is one."""
    target = load_target(settings(task, seed, work, {}).data, work / "data")
    store = StageStore(work / f"stages-{task}")
    for name, recipe in recipes(len(target.train)).items():
        bench = Workbench(settings(task, seed, work, recipe), target, store, owner=name)
        full, images = bench.root().metrics.macs, 0
        for candidate in adapt(bench):
            found = candidate.stage.metrics
            images += found.images_trained
            share = f"{found.macs / full:.1%}"
            yield task, str(seed), name, share, f"{images:,}", f"{found.accuracy:.3f}"


def main() -> None:
    """Run what is missing and print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tasks", nargs="*", choices=TASKS, default=[*TASKS])
    parser.add_argument("--seeds", type=int, nargs="*", default=[*TUNING_SEEDS])
    parser.add_argument("--work", type=Path, default=Path("sweeps/benchmark-recipes"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    table = Table("task", "seed", "recipe", "share", "images", "accuracy")
    for task in given.tasks:
        for seed in given.seeds:
            for line in networks(task, seed, given.work):
                print(*line, sep=" | ", flush=True)
                table.add_row(*line)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
