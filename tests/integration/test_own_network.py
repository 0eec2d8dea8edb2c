"""docs/own-network.md, done: its three networks pruned, picked, exported, and asked for again."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

import tatl_search
from tatl_search.errors import InputError
from tatl_search.results.store import load_sweep
from tatl_search.search.confirm import confirm
from tatl_search.search.sweep import resume
from tests.own_networks import forget, page_files, page_settings, work_in
from tests.search.items import hear_nothing

QUICK = (
    "network.arguments={}", "network.head=null", "finetune.epochs=1", "stop.max_rounds=1",
    "prune.rate=0.3", "sweep.collapse_accuracy=0.0",
)  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that holds the page's files."""
    work_in(tmp_path, page_files(), monkeypatch)
    return tmp_path


@pytest.mark.timeout(1800)  # processes that import everything, on however busy a machine
def test_the_pages_sweep_its_export_and_what_asks_for_the_code_again(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = "from tatl_search.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", call, "sweep", "my_task.yaml", "--name", "own"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    results = load_sweep(here / "sweeps/own")
    name = "python/my_package.networks:small_cnn"
    assert {row.network for row in results.candidates} <= {f"{name}(width={w})" for w in (16, 24)}
    assert {trial.infeasible_reason for trial in results.trials} == {None}
    assert len({(row.trial, row.round) for row in results.candidates}) >= 4
    tatl_search.pick(results, export=here / "my-network")
    structure = json.loads((here / "my-network/structure.json").read_text())
    assert (structure["network"], structure["head"]) == (name, "classifier")
    assert structure["arguments"] == {"num_classes": 10, "width": structure["arguments"]["width"]}

    elsewhere = here / "elsewhere"
    for folder in ("sweeps/own", "my-network"):
        shutil.copytree(here / folder, elsewhere / folder)
    _runs_without_the_code(elsewhere / "my-network")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place not in ("", str(here))])
    forget(monkeypatch)
    before = stored(elsewhere)
    again: list[Callable[[], object]] = [
        lambda: resume(Path("sweeps/own"), hear_nothing),
        lambda: confirm(Path("sweeps/own"), 1, lambda _: None),
        lambda: tatl_search.finish("sweeps/own", epochs=1),
        lambda: tatl_search.pick("sweeps/own", export="again"),
        lambda: tatl_search.load("my-network", trust=["my_package"]),
    ]
    for ask in again:
        with pytest.raises(InputError, match="there is no module 'my_package'"):
            ask()
    assert stored(elsewhere) == before


def stored(folder: Path) -> list[Path]:
    """Return what lies in a folder, but for locks."""
    locks = (".lock", ".use")
    every = sorted(folder.rglob("*"))
    return [path for path in every if path.name != "lock" and path.suffix not in locks]


def _runs_without_the_code(folder: Path) -> None:
    """Check that what is exported computes what it should where `my_package` is not."""
    checked = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=folder, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    use = "import sys, torch; p = torch.export.load('model.pt2').module();"
    use += "print(tuple(p(torch.zeros(3, 3, 32, 32)).shape), 'my_package' in sys.modules)"
    used = subprocess.run(
        [sys.executable, "-I", "-c", use], cwd=folder, capture_output=True, text=True
    )
    assert used.stdout.strip() == "(3, 10) False", used.stderr


@pytest.mark.parametrize("name", ["two_layer_head", "UNetClassifier"])
def test_the_pages_other_networks_are_adapted_and_exported(name: str, here: Path) -> None:
    changes = (*QUICK, f"network.name=python/my_package.networks:{name}")
    results = tatl_search.adapt(page_settings(), here / "run", changes)
    unpruned, pruned = results.candidates
    assert pruned.macs < unpruned.macs
    tatl_search.pick(results, candidate=(0, 1), export=here / "out")
    with pytest.raises(InputError, match=r'trust=\["my_package"\]'):
        tatl_search.load(here / "out")
    module = tatl_search.load(here / "out", trust=["my_package"])
    assert isinstance(module, nn.Module)
    images = torch.randn(3, 3, 32, 32)
    program = torch.export.load(here / "out/model.pt2").module()
    torch.testing.assert_close(module(images), program(images), rtol=1e-4, atol=1e-5)
    config = yaml.safe_load((here / "out/config.yaml").read_text())
    assert config["network"]["name"].endswith(name)
    card = (here / "out/README.md").read_text()
    assert 'tatl_search.load("this-folder", trust=["my_package"])' in card
    assert "weights as its code makes them" in card
