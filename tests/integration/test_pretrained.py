"""A sweep whose trials may begin with the knife, from its launch to an exported network."""

import json
import shutil
from pathlib import Path

import pytest

import tatl_search
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.store import load_sweep
from tatl_search.search.confirm import confirm
from tatl_search.search.sweep import launch, resume
from tatl_search.space import space_from_raw
from tatl_search.tracking.reading import read_records
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing

pytestmark = pytest.mark.usefixtures("ray_here")


def test_no_trial_waits_for_the_unpruned_network(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    raw = faulty_space(
        trials=2,
        finetune={"epochs": 1},
        retrain={"epochs": 1},
        stop={"max_rounds": 4, "target_macs_share": 0.3},
    )
    raw = {**raw, "start": "pretrained", "prune": {"method": "activation", "rounds": 2}}
    assert launch(space_from_raw(raw), folder, hear_nothing).complete
    found = load_sweep(folder)

    assert [(row.label, row.kind, row.trial) for row in found.roots] == [
        ("unpruned", Kind.UNPRUNED, None)
    ]
    of_trials = [row for row in found.candidates if row.trial is not None]
    rounds = {(row.trial, row.round) for row in of_trials}
    assert rounds == {(trial, number) for trial in (0, 1) for number in (1, 2)}
    assert all(row.kind is Kind.PRUNED for row in of_trials)
    assert found.images_saved >= 0

    # What was lost is computed again; what is whole, the unpruned network too, is left as it is.
    lost = next(row for row in found.candidates if (row.trial, row.round) == (1, 2))
    shutil.rmtree(folder / "stages" / lost.stage)
    kept = {p: p.stat().st_mtime_ns for p in (folder / "stages").glob("*/metrics.json")}
    assert resume(folder, hear_nothing).complete
    assert (folder / "stages" / lost.stage / "metrics.json").exists()
    assert {p: p.stat().st_mtime_ns for p in kept} == kept

    assert confirm(folder, 1, lambda _: None) == []
    again = read_records(SweepFolder(folder).confirmations, CandidateRecord)
    assert {row.round for row in again} <= {1, 2}

    choice = tatl_search.pick(folder, candidate=(0, 1), export=tmp_path / "out")
    assert choice.candidate.round == 1
    described = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert described["unpruned"]["macs"] == found.roots[0].macs
