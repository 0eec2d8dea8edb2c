"""Which adaptations a confirmation runs."""

import dataclasses
from pathlib import Path

import pytest
import torch

import tatl_search
from tatl_search.config import FinishSettings, StopSettings, read_settings
from tatl_search.records import CandidateRecord
from tatl_search.results.confirmation import seed_of_row
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.confirm import missing_runs
from tatl_search.search.work import WorkKind
from tatl_search.search.worker import run_item
from tatl_search.tracking.reading import read_records
from tests.adaptation.benches import SETTINGS


@pytest.fixture
def adapted(tmp_path: Path) -> SweepResults:
    """Return a run of one round and seed 2."""
    torch.set_num_threads(1)
    data = {"image_size": 32, "per_class": 2}
    settings = {**SETTINGS, "seed": 2, "data": data, "finetune": {"epochs": 1, "batch_size": 20}}
    whole = {
        **settings,
        "sweep": {"collapse_accuracy": 0.0},
        "wandb": {"mode": "disabled"},
        "stop": {"max_epochs": 2},
    }
    return tatl_search.adapt(whole, tmp_path / "run")


def test_one_run_for_each_fresh_seed_as_far_as_the_front_goes(adapted: SweepResults) -> None:
    items = missing_runs(adapted, seeds=3)
    assert [item.config.seed for item in items] == [1, 3, 4]  # 2 is the run's own
    deepest = max(row.round for row in adapted.candidates)
    for item in items:
        assert (item.kind, item.number) == (WorkKind.CONFIRMATION, 0)
        assert item.config.stop == StopSettings(max_rounds=deepest)
        assert item.config.prune.rate == 0.2
        assert item.root_threads == adapted.manifest.root_threads


def test_what_was_finished_is_finished_again(adapted: SweepResults) -> None:
    last = max(adapted.candidates, key=lambda row: row.round)
    config = read_settings(last.settings)
    finish = FinishSettings(epochs=2, pieces=3)
    settings = config.model_copy(update={"finish": finish}).model_dump_json()
    own = dataclasses.replace(last, settings=settings, accuracy=0.9)
    finished = dataclasses.replace(
        own, round=3, plan="", stage="finished", accuracy=1.0, finished=2
    )
    for rows, epochs, pieces in (((own,), 0, 1), ((own, finished), 2, 2)):
        found = dataclasses.replace(adapted, candidates=(*adapted.candidates, *rows))
        (item,) = missing_runs(found, seeds=1)
        assert item.config.stop.max_rounds == 1
        assert item.config.finish == FinishSettings(epochs=epochs, pieces=pieces)


def test_what_is_stored_is_not_run_again_and_the_sweep_is_as_it_was(adapted: SweepResults) -> None:
    first, second = missing_runs(adapted, seeds=2)
    run_item(first, lambda _: None)
    assert [item.config.seed for item in missing_runs(adapted, seeds=2)] == [second.config.seed]
    rows = read_records(adapted.folder.confirmations, CandidateRecord)
    assert {(row.trial, seed_of_row(row)) for row in rows} == {(0, 1)}
    assert rows[-1].label == f"trial 0 round {rows[-1].round}, seed 1"
    assert not {row.stage for row in rows} & {row.stage for row in adapted.candidates}
    found = load_sweep(adapted.folder.root)
    assert (found.candidates, found.trials) == (adapted.candidates, adapted.trials)

    next(adapted.folder.confirmations.glob("*round-00*")).unlink()
    assert [item.config.seed for item in missing_runs(adapted, seeds=1)] == [1]
