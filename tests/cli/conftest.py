"""What tests of the command line share: the command itself, and a small real run to look at."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import yaml
from PIL import Image

import tatl_search
from tatl_search.cli import main
from tests.one_cpu import one_cpu

SETTINGS = {
    "sweep": {"trials": 1, "startup_trials": 1, "collapse_accuracy": 0.0},
    "wandb": {"mode": "disabled"},
    "data": {"image_size": 32, "per_class": 10},
    "finetune": {"epochs": 2, "batch_size": 20},
    "prune": {"rate": 0.3},
    "retrain": {"batch_size": 20},
    "stop": {"max_rounds": 2},
}


class Ended(NamedTuple):
    """How a command ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Tatl = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _one_cpu() -> Iterator[None]:
    with one_cpu():
        yield


@pytest.fixture
def tatl(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tatl:
    """Run the command line in this process; a traceback fails the test."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["tatl-search", *map(str, words)])
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return Ended(int(str(code or 0)), out, err)

    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with `run.yaml`, settings of a run that takes seconds."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="session")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run of two rounds; tests do not write into it."""
    folder = tmp_path_factory.mktemp("runs") / "adapted"
    with one_cpu():
        tatl_search.adapt(SETTINGS, folder)
    return folder


def make_images(root: Path, counts: dict[str, int]) -> Path:
    """Write images of noise, `root/train/<class>/*`, so many of each class."""
    random = np.random.default_rng(0)
    for name, count in counts.items():
        folder = root / "train" / name
        folder.mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return root
