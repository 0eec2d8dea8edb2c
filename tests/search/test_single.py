"""One adaptation without a cluster, stored like a sweep of one trial."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tatl_search.adaptation.stages import StageStore
from tatl_search.deploy.restore import restore
from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, Kind, StopReason, TrialState
from tatl_search.results.store import load_sweep
from tatl_search.search.environment import usable_cpus
from tatl_search.search.lock import is_driven
from tatl_search.search.single import adapt_once
from tatl_search.search.sweep import resume
from tatl_search.space import space_from_raw
from tests.one_cpu import one_cpu
from tests.search.items import hear_nothing


@pytest.fixture(autouse=True)
def _one_cpu() -> Iterator[None]:
    with one_cpu():
        yield


@pytest.fixture
def fixed(tiny_space: dict[str, Any]) -> dict[str, Any]:
    """Return the tiny space without its distributions: one round."""
    return {**tiny_space, "prune": {"rate": 0.3}, "stop": {"max_rounds": 1}}


def test_it_reads_like_a_sweep_of_one_trial(tmp_path: Path, fixed: dict[str, Any]) -> None:
    folder, heard = tmp_path / "run", []

    def hear(record: CandidateRecord) -> None:
        heard.append(record)
        assert is_driven(SweepFolder(folder))
        assert record in load_sweep(folder).candidates  # it is stored before anybody hears of it

    ended = adapt_once(space_from_raw(fixed), folder, hear)
    assert (ended.stop_reason, ended.infeasible_reason) == (StopReason.MAX_ROUNDS, None)

    results = load_sweep(folder)
    assert results.candidates == tuple(heard)
    assert [(row.trial, row.round, row.kind) for row in heard] == [
        (0, 0, Kind.UNPRUNED), (0, 1, Kind.PRUNED),
    ]  # fmt: skip
    assert heard[1].macs < heard[0].macs
    assert results.images_trained == 100 * (2 + 1)
    assert (results.manifest.sweep.trials, results.manifest.sweep.cpus_per_trial) == (1, 1)
    assert results.trials[0].state is TrialState.COMPLETE
    assert [driver.seconds is not None for driver in results.drivers] == [True]
    for name in ("front.png", "report.html", "latency.json"):
        assert (folder / name).is_file()
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    assert environment["packages"]["torch"] == torch.__version__.partition("+")[0]
    assert not is_driven(SweepFolder(folder))


def test_what_was_finished_is_the_outcome_and_comes_back(
    tmp_path: Path, fixed: dict[str, Any]
) -> None:
    folder = tmp_path / "run"
    ended = adapt_once(space_from_raw({**fixed, "finish": {"epochs": 2}}), folder, lambda _: None)
    results = load_sweep(folder)
    pruned, finished = results.candidates[1:]
    assert (finished.label, finished.macs) == ("trial 0 round 2, finished", pruned.macs)
    assert ended.last is not None
    assert (ended.last.accuracy, ended.last.round) == (finished.accuracy, 2)
    assert (results.trials[0].rounds, results.images_trained) == (2, 100 * (2 + 1 + 2))

    stored = folder / "stages" / finished.stage / "weights.safetensors"
    before = stored.read_bytes()
    assert StageStore(folder / "stages").evict(finished.stage)
    assert not stored.exists()
    restore(results, finished)
    assert stored.read_bytes() == before


def test_rounds_learn_a_source_besides(tmp_path: Path, fixed: dict[str, Any]) -> None:
    """100 images of the target an epoch; six of the source in five steps, two in each."""
    wealth = {"method": "wealthadapt", "wealth": {"classes": 2, "images_per_class": 3}}
    source = {"source": "digits", "image_size": fixed["data"]["image_size"]}
    raw = {**fixed, "prune": {**fixed["prune"], **wealth}, "source": source}
    adapt_once(space_from_raw(raw), tmp_path / "run", lambda _: None)
    unpruned, pruned = load_sweep(tmp_path / "run").candidates
    assert (unpruned.images_trained, pruned.images_trained) == (2 * 100, 100 + 5 * 2)
    assert "learns 6 images of the source besides" in pruned.plan


def test_a_collapse_is_a_result(tmp_path: Path, fixed: dict[str, Any]) -> None:
    strict = {**fixed, "sweep": {"collapse_accuracy": 10.0}}
    ended = adapt_once(space_from_raw(strict), tmp_path / "run", lambda _: None)
    assert ended.infeasible_reason == "collapsed"
    results = load_sweep(tmp_path / "run")
    assert results.trials[0].state is TrialState.INFEASIBLE
    assert len(results.candidates) == 2


@pytest.mark.usefixtures("ray_here")
def test_what_was_interrupted_goes_on_alone(tmp_path: Path, fixed: dict[str, Any]) -> None:
    """As `adapt` would have: one trial, whatever the file says of sweeps, and no baselines."""
    folder = tmp_path / "run"

    def interrupt(_: CandidateRecord) -> None:
        raise KeyboardInterrupt

    file = {**fixed, "sweep": {"trials": 5}, "baselines": [{"image_size": 16}]}
    with pytest.raises(KeyboardInterrupt):
        adapt_once(space_from_raw(file), folder, interrupt)
    assert len(load_sweep(folder).candidates) == 1
    assert resume(folder, hear_nothing).complete
    results = load_sweep(folder)
    assert [(row.trial, row.round) for row in results.candidates] == [(0, 0), (0, 1)]
    assert (len(results.trials), results.baselines) == (1, ())


def test_a_space_is_refused_before_anything_is_made(
    tmp_path: Path, tiny_space: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match=r"prune\.threshold: a single run needs one value"):
        adapt_once(space_from_raw(tiny_space), tmp_path / "a/run", lambda _: None)
    assert not list(tmp_path.iterdir())


def test_it_takes_the_cpus_it_may_use() -> None:
    assert usable_cpus() == 1
