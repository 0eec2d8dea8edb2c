"""A confirmation by real workers: run once, gone on with, read by people and programs."""

import json
import shutil
from pathlib import Path

import pytest

from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.confirmation import seed_of_row
from tatl_search.results.front import front_of
from tatl_search.results.store import load_sweep
from tatl_search.search.confirm import confirm
from tatl_search.search.sweep import launch
from tatl_search.space import space_from_raw
from tatl_search.tracking.reading import read_records
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing

pytestmark = pytest.mark.usefixtures("ray_here")

WEIGHTS = "weights.safetensors"


def rows_of(folder: Path) -> list[CandidateRecord]:
    return read_records(SweepFolder(folder).confirmations, CandidateRecord)


def test_the_front_is_run_again_from_fresh_roots(ray_here: None, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    space = faulty_space(
        trials=2, finetune={"epochs": 1}, retrain={"epochs": 1}, stop={"max_rounds": 1}
    )
    assert launch(space_from_raw(space), folder, hear_nothing).complete
    before = load_sweep(folder)
    said: list[str] = []
    assert confirm(folder, 2, said.append) == []

    rows = rows_of(folder)
    front = front_of(before).sure()
    for single in front:
        again = [r for r in rows if (r.trial, r.round) == (single.trial, single.round)]
        assert [seed_of_row(row) for row in again] == [1, 2]
        assert all(row.kind is Kind.CONFIRMATION for row in again)
    roots = {(seed_of_row(row), row.stage) for row in rows if row.round == 0}
    assert len(roots) == 2  # one for each seed, whatever the number of trials
    weights = {(folder / "stages" / key / WEIGHTS).read_bytes() for _, key in roots}
    assert len(weights) == 2
    paid = sum(row.images_trained for row in rows if row.round == 0)
    assert paid == 2 * 100  # an epoch over a hundred images for each seed
    assert load_sweep(folder).candidates == before.candidates

    files = {p: p.stat().st_mtime_ns for p in folder.glob("stages/*/*")}
    said.clear()
    assert confirm(folder, 2, said.append) == []
    assert said == []

    lost = next(SweepFolder(folder).confirmations.glob("*seed-2-round-01*"))
    was = json.dumps(rows_of(folder)[-1].accuracy)
    shutil.rmtree(folder / "stages" / rows_of(folder)[-1].stage)
    lost.unlink()
    assert confirm(folder, 2, said.append) == []
    assert lost.is_file()
    assert json.dumps(rows_of(folder)[-1].accuracy) == was
    kept = {p: t for p, t in files.items() if p.exists() and p.stat().st_mtime_ns == t}
    assert len(kept) >= len(files) - 3
