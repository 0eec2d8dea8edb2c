"""The verb `latency` on a sweep and on a search space, and `pick` by what was measured."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.search.folder import LatencyTables, prepare
from tatl_search.search.lock import only_driver
from tatl_search.space import space_from_raw
from tests.cli.conftest import Tatl

QUICK = ("--runtime", "torch", "--batch", "1", "--blocks", "2")


def test_a_front_is_measured_and_picked_from(adapted: Path, tmp_path: Path, tatl: Tatl) -> None:
    sweep = shutil.copytree(adapted, tmp_path / "adapted")
    ended = tatl("latency", sweep, *QUICK)
    assert ended.code == 0, ended.err
    assert ", torch, batch 1, 1 thread" in ended.out
    assert "the sweep's estimates are off by" in ended.out
    front = json.loads(tatl("front", sweep, "--json").out)["candidates"]
    again = tatl("latency", sweep, *QUICK, "--json")
    assert "0 measured; the others had been" in again.err
    rows = json.loads(again.out)
    rounds = {0, *(row["round"] for row in front)}  # and the unpruned network, to compare with
    assert {row["label"] for row in rows} == {f"trial 0 round {number}" for number in rounds}

    fastest = min(rows, key=lambda row: row["p50_ms"])
    bound = ("--max-latency-ms", f"{fastest['p50_ms'] + 1e-9:.12f}")
    picked = json.loads(tatl("pick", sweep, *bound, "--json").out)
    assert picked["candidate"]["stage"] == fastest["stage"]
    assert picked["latency"]["ms"] == fastest["p50_ms"]
    assert picked["latency"]["origin"].startswith("measured on")
    refused = tatl("pick", sweep, "--max-latency-ms", "1e-6")
    assert refused.code == 2
    assert f"({fastest['label']})" in refused.err
    asked = tatl("pick", sweep, "--max-latency-ms", "1e9", "--device", "estimate")
    assert "(estimated, one image)" in asked.err


def test_what_is_measured_beside_trials_is_refused(adapted: Path, tatl: Tatl) -> None:
    with only_driver(SweepFolder(adapted)):
        ended = tatl("latency", adapted, *QUICK)
    assert (ended.code, ended.out) == (2, "")
    assert "is running: what is measured beside its trials" in ended.err


REFUSED = {
    "a device of no kind": (("--device", "tpu"), "--device is cpu or cuda (got 'tpu')"),
    "a runtime of no name": (("--runtime", "torch,tvm"), "onnxruntime, torch (got 'tvm')"),
    "batches that are none": (("--batch", "1,many"), "--batch should be numbers"),
    "no images": (("--batch", "0"), "must be at least 1"),
    "too many threads": (("--threads", "100000"), "the CPUs of this machine (got 100000)"),
    "no GPU": (("--device", "cuda", "--runtime", "torch"), "torch sees no GPU here"),
    "a table to nowhere": (("--table",), "--table needs --output FILE"),
    "no profile": (("--import", "nothing.json"), "nothing.json cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_named(case: str, adapted: Path, tatl: Tatl) -> None:
    words, said = REFUSED[case]
    ended = tatl("latency", adapted, *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert not (adapted / "latency").exists()


def test_a_table_measured_beforehand_serves_a_sweep(here: Path, tatl: Tatl) -> None:
    ended = tatl("latency", "--table", "run.yaml", "--output", "layers.json")
    assert ended.code == 0, ended.err
    measured = LatencyTables.read_file(here / "layers.json")
    (name,) = measured.by_network
    assert name == "timm/tf_efficientnet_lite0@32"
    assert f"{name}: " in ended.out

    settings = yaml.safe_load((here / "run.yaml").read_text(encoding="utf-8"))
    settings["sweep"]["latency_table"] = str(here / "layers.json")
    space = space_from_raw(settings, [])
    (here / "sweep").mkdir()
    tables = prepare(space, space.sweep, SweepFolder(here / "sweep"), root_threads=1)
    assert tables == measured == LatencyTables.read(SweepFolder(here / "sweep"))

    (here / "layers.json").write_text("{}")
    (here / "other").mkdir()
    with pytest.raises(InputError, match="holds no times of the layers of timm"):
        prepare(space, space.sweep, SweepFolder(here / "other"), root_threads=1)


def test_a_table_is_printed_as_json(here: Path, tatl: Tatl) -> None:
    ended = tatl("latency", "--table", "run.yaml", "--output", "layers.json", "--json")
    assert ended.code == 0
    assert json.loads(ended.out) == json.loads((here / "layers.json").read_text())
    assert json.loads(ended.out)["timm/tf_efficientnet_lite0@32"]["threads"] == 1
