"""An exported folder measured without torch, and its figures brought back to the sweep."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tatl_search.deploy.bring_back import bring_back
from tatl_search.deploy.bundle import BundleReport
from tatl_search.deploy.onnx_timing import check_onnx_device, device_name
from tatl_search.deploy.profile import measure_folder, write_profile
from tatl_search.deploy.stopwatch import Schedule
from tatl_search.deploy.ways import DeviceType, LatencyRequest
from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.records import LatencyRecord, Runtime
from tatl_search.results.latency import measured_latency
from tatl_search.results.store import SweepResults
from tests.deploy.conftest import SIZE, ToySweep

BARE = """
import sys
ALLOWED = {"tatl_search", "numpy", "onnxruntime", "typer", "rich", *sys.stdlib_module_names}
OF_TYPER = {
    "annotated_doc", "annotated_types", "click", "markdown_it", "mdurl", "pydantic",
    "pydantic_core", "pygments", "shellingham", "typing_extensions", "typing_inspection",
}

class Bare:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ALLOWED | OF_TYPER and not top.startswith("_"):
            raise ModuleNotFoundError(f"a bare machine has no {name}", name=top)

sys.meta_path.insert(0, Bare())
from tatl_search.cli import main
main()
"""
"""A machine with nothing but ONNX Runtime and numpy, and what the command line is made of."""


def copied(toy: ToySweep, root: Path) -> SweepResults:
    """Return the toy with an empty folder of its own, to be written into."""
    return replace(toy.results, folder=SweepFolder(root), candidates=(toy.unpruned, toy.picked))


@pytest.fixture(scope="module")
def profile(bundle: BundleReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile of the exported network, made on a bare machine."""
    path = tmp_path_factory.mktemp("elsewhere") / "profile.json"
    words = ["latency", str(bundle.folder), "--batch", "1,2", "--blocks", "2", "--output", path]
    done = subprocess.run(
        [sys.executable, "-c", BARE, *map(str, words)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "onnxruntime, batch 2, 1 thread: p50" in done.stdout
    return path


def test_a_bare_machine_measures_a_folder(profile: Path, toy: ToySweep) -> None:
    rows = [LatencyRecord(**row) for row in json.loads(profile.read_text())["latency"]]
    assert [(row.batch, row.runtime, row.threads) for row in rows] == [
        (1, "onnxruntime", 1),
        (2, "onnxruntime", 1),
    ]
    for row in rows:
        assert (row.stage, row.label, row.image_size) == (toy.picked.stage, toy.picked.label, SIZE)
        assert row.device == device_name(DeviceType.CPU) != ""
        assert 0.0 < row.lowest_block_ms <= row.p50_ms <= row.highest_block_ms
        assert row.p50_ms <= row.p90_ms
        assert row.blocks == 2
        assert row.passes >= 20


def test_a_profile_is_brought_back_once(profile: Path, toy: ToySweep, tmp_path: Path) -> None:
    results = copied(toy, tmp_path)
    brought = bring_back(results, profile)
    assert bring_back(results, profile) == brought
    stored = measured_latency(results.folder)
    assert stored == sorted(brought, key=lambda row: row.batch)
    assert {row.stage for row in stored} == {toy.picked.stage}


def changed(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        content = json.loads(path.read_text())
        change(content["latency"][0])
        path.write_text(json.dumps(content))

    return apply


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "cannot be read: No such file"),
    "no JSON": (lambda path: path.write_text("{"), "is no profile, as"),
    "another file": (lambda path: path.write_text('{"rows": []}'), "is no profile, as"),
    "a figure that is none": (changed(lambda row: row.update(p50_ms="fast")), "p50_ms"),
    "no time": (changed(lambda row: row.update(p50_ms=0.0)), "p50_ms is 0.0"),
    "not a number": (changed(lambda row: row.update(p90_ms=float("nan"))), "p90_ms is nan"),
    "endless": (changed(lambda row: row.update(highest_block_ms=float("inf"))), "is inf"),
    "threads below one": (changed(lambda row: row.update(threads=-4)), "threads is -4"),
    "newer": (changed(lambda row: row.update(schema_version=99)), "newer version (schema 99"),
    "another sweep's": (
        changed(lambda row: row.update(stage="f00", label="trial 7 round 7")),
        "does not hold: trial 7 round 7",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_what_is_no_profile_of_the_sweep_is_refused(
    case: str, profile: Path, toy: ToySweep, tmp_path: Path
) -> None:
    damage, said = DAMAGE[case]
    path = tmp_path / "profile.json"
    path.write_bytes(profile.read_bytes())
    damage(path)
    results = copied(toy, tmp_path / "sweep")
    with pytest.raises(InputError) as caught:
        bring_back(results, path)
    assert said in str(caught.value)
    assert not results.folder.latencies.exists()


def test_a_damaged_folder_is_not_measured(bundle: BundleReport, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no exported network"):
        measure_folder(tmp_path, LatencyRequest(), Schedule(), print)


def test_a_device_that_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match=r"cannot run on cuda: it has .*CPUExecutionProvider"):
        check_onnx_device(DeviceType.CUDA)


def test_a_profile_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write_profile(path, [])
    assert json.loads(path.read_text()) == {"latency": []}
    assert list(tmp_path.iterdir()) == [path]
    assert Runtime("torch") is Runtime.TORCH
