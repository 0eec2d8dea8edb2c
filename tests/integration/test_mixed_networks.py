"""One sweep of several image sizes and networks, with baselines: all of it works to the end."""

import json
import math
import shutil
from pathlib import Path

import pytest
import torch

import tatl_search
from tatl_search.adaptation.stages import StageStore
from tatl_search.config import read_settings
from tatl_search.figures import LATENCY_MS, MACS
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.confirmation import confirmed_front
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.confirm import confirm, missing_runs
from tatl_search.search.folder import LatencyTables
from tatl_search.search.sweep import launch
from tatl_search.space import space_from_raw
from tests.cli.conftest import Tatl, _one_cpu, tatl
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing

__all__ = ["_one_cpu", "tatl"]

pytestmark = pytest.mark.usefixtures("ray_here")

SIZES = (48, 32)
NETWORKS = ("timm/test_efficientnet", "timm/test_resnet")
EVERY = [
    {"data": {"image_size": size}, "network": {"name": name}} for size in SIZES for name in NETWORKS
]


@pytest.fixture(scope="module")
def swept(ray_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sweep that draws every size and network once, and has three baselines."""
    folder = tmp_path_factory.mktemp("sweeps") / "mixed"
    space = faulty_space(
        trials=len(EVERY),
        sweep={"startup_trials": len(EVERY), "start": {"settings": EVERY}},
        data={"image_size": {"choices": [*SIZES]}},
        network={"name": {"choices": [*NETWORKS]}},
        finetune={"epochs": 1},
        retrain={"epochs": 1},
        stop={"max_rounds": 1},
    )
    space["baselines"] = [
        {"image_size": 16, "epochs": 3},
        {"image_size": 24, "network": {"name": NETWORKS[1], "weights": "random"}, "epochs": 1},
        {"image_size": 16},
    ]
    assert launch(space_from_raw(space), folder, hear_nothing).complete
    return folder


@pytest.fixture
def sweep(swept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(swept, tmp_path / "sweep"))


def kinds_of(results: SweepResults) -> set[tuple[int, str]]:
    return {(row.image_size, row.network) for row in results.candidates if row.trial is not None}


def of_label(results: SweepResults, label: str) -> CandidateRecord:
    (row,) = [row for row in results.candidates if row.label == label]
    return row


def test_every_size_and_network_has_its_images_roots_and_latency(swept: Path) -> None:
    results = load_sweep(swept)
    assert kinds_of(results) == {(size, name) for size in SIZES for name in NETWORKS}
    assert len({row.stage for row in results.roots}) == len(EVERY)
    tables = LatencyTables.read(results.folder).by_network
    assert {f"{name}@{size}" for size in SIZES for name in NETWORKS} <= tables.keys()
    trials = [row for row in results.candidates if row.trial is not None]
    assert all(LATENCY_MS.of(row) > 0.0 for row in trials)


def test_shares_are_of_the_largest_unpruned_network(swept: Path) -> None:
    results = load_sweep(swept)
    largest = max(row.macs for row in results.candidates if row.kind is Kind.UNPRUNED)
    assert results.reference_cost(MACS) == largest
    assert results.unpruned is not None
    assert results.unpruned.macs == largest


def test_baselines_are_trained_as_long_as_they_say(swept: Path) -> None:
    trained = {row.label: row.images_trained for row in load_sweep(swept).baselines}
    assert trained == {
        "input 16 px, 3 epochs": 300,
        "timm/test_resnet, input 24 px, 1 epoch": 100,
        "input 16 px": 200,  # an epoch of fine-tuning and one of a round, as the longest trial
    }


def test_a_baseline_is_exported_beside_the_unpruned_network(
    tatl: Tatl, sweep: Path, tmp_path: Path
) -> None:
    label, folder = "timm/test_resnet, input 24 px, 1 epoch", tmp_path / "network"
    ended = tatl("pick", sweep, "--label", label, "--export", folder, "--json")
    assert ended.code == 0, ended.err
    picked, whole = of_label(load_sweep(sweep), label), load_sweep(sweep).unpruned
    assert whole is not None
    measured = json.loads(ended.out)["export"]
    assert (measured["picked"]["macs"], measured["unpruned"]["macs"]) == (picked.macs, whole.macs)
    assert math.isclose(measured["picked"]["validation"]["accuracy"], picked.accuracy)
    assert len((sweep / "test_openings.jsonl").read_text().splitlines()) == 1

    network = tatl_search.load(folder)
    assert network(torch.zeros(1, 3, 24, 24)).shape == (1, 10)
    assert json.loads((folder / "preprocessing.json").read_text())["height"] == 24
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "timm/test_resnet" in card
    assert "not pruned" in card
    assert tatl("verify", folder).code == 0
    (alone,) = tatl_search.adapt(folder / "config.yaml", tmp_path / "again").candidates
    assert (alone.macs, alone.accuracy) == (picked.macs, picked.accuracy)


def test_what_is_no_label_is_named_with_those_there_are(tatl: Tatl, swept: Path) -> None:
    ended = tatl("pick", swept, "--label", "input 17 px")
    assert ended.code == 2
    assert "input 16 px" in ended.err
    assert tatl("pick", swept, "--label", "input 16 px", "--trial", "0").code == 2


def test_a_pruned_network_of_each_size_is_exported(tatl: Tatl, sweep: Path, tmp_path: Path) -> None:
    for trial in (0, 3):
        ended = tatl(
            "pick", sweep, "--trial", f"{trial}", "--round", "1", "--export",
            tmp_path / f"network-{trial}",
        )  # fmt: skip
        assert ended.code == 0, ended.err


def test_an_evicted_baseline_is_computed_again_and_finished(tatl: Tatl, sweep: Path) -> None:
    row = of_label(load_sweep(sweep), "input 16 px")
    weights = sweep / "stages" / row.stage / "weights.safetensors"
    before = weights.read_bytes()
    assert StageStore(weights.parents[1]).evict(row.stage)
    ended = tatl("finish", sweep, "--label", "input 16 px", "--epochs", "1", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["after"]["label"] == "input 16 px, finished"
    assert weights.read_bytes() == before


def test_the_front_is_confirmed_baselines_too(sweep: Path) -> None:
    results = load_sweep(sweep)
    assert confirm(sweep, 1, lambda _: None) == []
    found = confirmed_front(results)
    assert [one.single for one in found] == [*front_of(results).sure()]
    for one in found:
        for row in one.again:
            assert (row.image_size, row.network) == (one.single.image_size, one.single.network)
            assert (row.kind, row.trial) == (Kind.CONFIRMATION, one.single.trial)
            assert read_settings(row.settings).seed == 1
    assert any(one.again for one in found if one.single.trial is None)
    assert missing_runs(results, 1) == []


def test_it_is_looked_at_and_measured(tatl: Tatl, sweep: Path, tmp_path: Path) -> None:
    drawn = ("plot", sweep, "--output", tmp_path / "front.svg")
    for words in (("report", sweep), drawn, ("status", sweep), ("front", sweep)):
        ended = tatl(*words)
        assert ended.code == 0, ended.err
    assert (sweep / "report.html").is_file()
    assert tatl("latency", sweep, "--front").code == 0
    assert tatl("pick", sweep, "--max-latency-ms", "1000", "--max-accuracy").code == 0
