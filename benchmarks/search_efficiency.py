"""What a front costs: one cut and training, a user's script, random settings, and this product.

Three target tasks with little data (`benchmarks.tasks`), EfficientNet-Lite0, 30,000 training
images. Arms, each with a seed's own images:

- `script`: `benchmarks.user_script`, Ray Tune, OptunaSearch and Torch-Pruning.
- `one_cut`: `benchmarks.one_cut`, which searches nothing: the rival to beat.
- `random`: random settings of the space that this product makes of the images.
- `minimal`: a sweep of this product, of the file that a newcomer writes (`benchmarks.own_sweep`).

Fronts are chosen on validation images; up to 5,000 test images that no arm saw judge them. What
is done is kept in `--rows`, a file a task, arm and seed, and not done again. For wall-clock times
the machine must be idle.

    python -m benchmarks.search_efficiency
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import one_cut, own_sweep, user_script
from benchmarks.arm import Row, Task, judge, noted, until
from benchmarks.efficiency_report import Runs, draw, tables
from benchmarks.rows import read, write
from benchmarks.tasks import TASKS, BenchmarkTask
from tatl_search.config import AdaptationConfig

HERE = Path(__file__).parent
IMAGES = 30_000
"""Training images of each arm."""


Found = tuple[list[Row], list[Path], Task]
"""What an arm has found, in order, where each network lies, and the images."""

Arm = Callable[[BenchmarkTask, int, Path, Path], Found]
"""Task, seed, own folder, folder for what arms share -> what was found."""


def main() -> None:
    """Run what is missing, each arm in a process of its own, then print tables and draw."""
    options = _options()
    torch.set_num_threads(1)
    if options.arm:
        _run(options.tasks[0], options.arm, options.seeds[0], options)
        return
    if not options.report:
        _run_missing(options)
    found = {name: _found(name, options) for name in options.tasks}
    for name, runs in found.items():
        print(tables(name, runs))
    draw(found, options.rows.with_suffix(".png"))


def _run_missing(options: argparse.Namespace) -> None:
    for name in options.tasks:
        for seed in options.seeds or TASKS[name].seeds:
            for arm in options.arms:
                if not path_of(options.rows, name, arm, seed).exists():
                    own = [f"--arm={arm}", f"--tasks={name}", f"--seeds={seed}"]
                    own += [f"--work={options.work}", f"--rows={options.rows}"]
                    module = "benchmarks.search_efficiency"
                    subprocess.run([sys.executable, "-m", module, *own], check=True)


def _found(name: str, options: argparse.Namespace) -> Runs:
    """Return what is done of a task."""
    found: dict[str, dict[int, list[Row]]] = {}
    for arm in options.arms:
        for seed in options.seeds or TASKS[name].seeds:
            path = path_of(options.rows, name, arm, seed)
            if path.exists():
                found.setdefault(arm, {})[seed] = until(read(path, Row), IMAGES)
    return found


def path_of(rows: Path, task: str, arm: str, seed: int) -> Path:
    """Return the file of an arm's rows."""
    return rows / f"{task}-{arm}-{seed}.parquet"


def _run(name: str, arm: str, seed: int, options: argparse.Namespace) -> None:
    folder = options.work / f"{name}-{arm}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)  # what a killed run has left
    rows, places, task = ARMS[arm](TASKS[name], seed, folder, options.work)
    write(path_of(options.rows, name, arm, seed), judge(rows, places, task.judge(arm)))


def _opened(task: BenchmarkTask, seed: int, work: Path, augment: Mapping[str, Any]) -> Task:
    data = {**task.data(seed, work), "augment": augment}
    config = AdaptationConfig.model_validate({"seed": seed, "data": data})
    return Task.open(config, (work / "data").resolve())


def _script(task: BenchmarkTask, seed: int, folder: Path, work: Path) -> Found:
    opened = _opened(task, seed, work, {"flip": task.flip})
    user_script.search(opened.config, opened.packed, folder, IMAGES)
    return *noted(folder, "script", opened), opened


def _one_cut(task: BenchmarkTask, seed: int, folder: Path, work: Path) -> Found:
    opened = _opened(task, seed, work, one_cut.AUGMENT)
    one_cut.search(opened, folder, IMAGES)
    return *noted(folder, "one_cut", opened), opened


def _own(arm: str, overrides: Sequence[str] = ()) -> Arm:
    def run(task: BenchmarkTask, seed: int, folder: Path, work: Path) -> Found:
        began = time.time()
        file = own_sweep.newcomers_file(task.images(seed, work), seed, IMAGES)
        sweep = own_sweep.search(file, overrides, folder)
        opened = _opened(task, seed, work, {})
        return *own_sweep.found(sweep, arm, seed, opened.reference, began), opened

    return run


ARMS: Mapping[str, Arm] = {
    "script": _script,
    "one_cut": _one_cut,
    "random": _own("random", own_sweep.AT_RANDOM),
    "minimal": _own("minimal"),
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, default=Path("sweeps/search-efficiency"))
    parser.add_argument("--rows", type=Path, default=HERE / "results" / "search_efficiency")
    parser.add_argument("--tasks", nargs="*", choices=TASKS, default=list(TASKS))
    parser.add_argument("--arms", nargs="*", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="*", help="default: those that are reported")
    parser.add_argument("--report", action="store_true", help="run nothing; print what is done")
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
