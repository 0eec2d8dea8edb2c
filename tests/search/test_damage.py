"""What was damaged after it was stored is found, and running the trial again restores it."""

from pathlib import Path

import pytest
import torch

from tatl_search.adaptation.stages import StageStore
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord
from tatl_search.search.damage import damaged_trials
from tatl_search.search.worker import run_item
from tatl_search.tracking.reading import read_records
from tests.search.items import work_item


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFolder:
    """Return a folder that holds trial 4, of two rounds."""
    torch.set_num_threads(1)
    run_item(work_item(tmp_path), lambda _: None)
    return SweepFolder(tmp_path)


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def rows(sweep: SweepFolder) -> list[tuple[str, float, int]]:
    found = read_records(sweep.candidates, CandidateRecord)
    return [(row.stage, row.accuracy, row.images_trained) for row in found]


@pytest.mark.parametrize(
    "place",
    [
        "candidates/*round-01*",
        "trials/*",
        "stages/*/weights.safetensors",
        "stages/*/structure.json",
        "stages/*/metrics.json",
    ],
)
def test_a_damaged_file_is_found_and_restored(sweep: SweepFolder, place: str) -> None:
    assert damaged_trials(sweep, [4]) == []
    before = rows(sweep)
    flip_a_byte(sorted(sweep.root.glob(place))[0])
    assert damaged_trials(sweep, [4]) == [4]
    assert damaged_trials(sweep, []) == []
    run_item(work_item(sweep.root), lambda _: None)
    assert damaged_trials(sweep, [4]) == []
    assert rows(sweep) == before
    store = StageStore(sweep.stages)
    assert all(store.get(key) for key, _, _ in before)


def test_a_trial_without_a_usable_network_lacks_nothing(tmp_path: Path) -> None:
    wild = {"learning_rate": 1e30, "clip_norm": None}
    run_item(work_item(tmp_path, retrain=wild), lambda _: None)
    assert damaged_trials(SweepFolder(tmp_path), [4]) == []
    assert damaged_trials(SweepFolder(tmp_path), [4, 5]) == [5]
