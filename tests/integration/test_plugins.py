"""The package of docs/plugins.md, which adds one of each: a sweep that uses all, and an export."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tatl_search import config
from tatl_search.core.plan import PrunePlan
from tatl_search.manifest import SweepFolder
from tatl_search.records import StopReason, TrialState
from tatl_search.registry import Registry
from tatl_search.results.store import load_sweep
from tests.plugins import PAGE, install_page, look_in

USED = yaml.safe_load(PAGE.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0])
SPACE: dict[str, Any] = {
    "seed": 0,
    "data": USED["data"],
    "network": USED["network"],
    "finetune": {"epochs": 1, "batch_size": 20},
    "prune": {
        **USED["prune"],
        "rate": 0.2,
        "min_filters": 1,
        "by_place": {"last": {"choices": [True, False]}},
    },
    "retrain": {"epochs": 1, "batch_size": 20},
    "stop": {"max_rounds": 3},
    "sweep": {**USED["sweep"], "trials": 2, "collapse_accuracy": 0.0, "max_concurrent": 1},
}


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Install the page's package; group -> name of what it adds."""
    names = install_page(tmp_path / "site")
    look_in(tmp_path / "site", monkeypatch)
    for module in [name for name in sys.modules if name.partition(".")[0] == "one_of_each"]:
        monkeypatch.delitem(sys.modules, module)
    return names


def tatl(here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    call = "from tatl_search.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", call, *words],
        cwd=here,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_the_page_adds_one_of_each(names: dict[str, str]) -> None:
    from tatl_search.deploy.formats import FORMATS
    from tatl_search.nets.layers.known import LAYER_KINDS

    registries = [thing for thing in vars(config).values() if isinstance(thing, Registry)]
    found = {registry.group: registry for registry in (*registries, FORMATS, LAYER_KINDS)}
    assert names.keys() == found.keys()
    for group, name in names.items():
        assert found[group].plugins == (name,)
        assert found[group][name] is not None


@pytest.mark.timeout(1800)  # two processes that import everything, on however busy a machine
def test_a_sweep_uses_all_of_them_and_exports(names: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(yaml.safe_dump(SPACE, sort_keys=False))
    ran = tatl(tmp_path, "sweep", "space.yaml", "--name", "all")
    assert ran.returncode == 0, ran.stderr
    results = load_sweep(tmp_path / "sweeps/all")

    trials = {trial.trial: trial for trial in results.trials}
    for number in (0, 1):  # by the scheduler, after their first round
        state, reason = trials[number].state, trials[number].stop_reason
        assert (state, reason) == (TrialState.STOPPED, StopReason.SCHEDULER)
    rounds = [(row.trial, row.round) for row in results.candidates]
    assert sorted(rounds) == [(0, 0), (0, 1), (1, 0), (1, 1)]

    for row in results.candidates:
        assert row.network == "plain/two_layers"
        last = json.loads(row.settings)["prune"]["by_place"]["last"]
        plan = PrunePlan.from_json(row.plan) if row.round else PrunePlan(())
        for removal in plan.removals:  # by place, the first group before the second
            gone = len(removal.units)
            ends = (removal.width - gone, removal.width) if last else (0, gone)
            assert removal.units == tuple(range(*ends))
            assert removal.group == plan.removals[0].group or gone

    lines = SweepFolder(tmp_path / "sweeps/all").recorder("lines")
    told = (lines / "trial-00000.txt").read_text().splitlines()
    assert [line.partition(":")[0] for line in told] == ["round 0", "round 1", "stopped"]

    exported = tatl(
        tmp_path,
        *("pick", "sweeps/all", "--trial", "0", "--round", "1"),
        *("--export", "mine", "--format", names["tatl_search.exports"]),
    )
    assert exported.returncode == 0, exported.stderr
    assert {"model.onnx", "model.pt2", "model.ts"} <= {
        f.name for f in (tmp_path / "mine").iterdir()
    }
    parity = json.loads((tmp_path / "mine/metrics.json").read_text())["parity"]
    assert list(parity) == ["onnx", "torchscript", "pt2"]
    assert parity["torchscript"]["argmax_agreement"] == 1.0
    assert "model.ts" in (tmp_path / "mine/checksums.txt").read_text()
    assert 'torch.jit.load("model.ts")' in (tmp_path / "mine/README.md").read_text()
    assert tatl(tmp_path, "verify", "mine").returncode == 0


def test_a_format_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    from tatl_search.deploy.formats import formats_of
    from tatl_search.errors import InputError

    with pytest.raises(InputError, match="no export format 'onx'; there are onnx, pt2; did you"):
        formats_of(["onx"])
