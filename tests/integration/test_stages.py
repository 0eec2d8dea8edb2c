"""A sweep with next to no room for its stages, its networks brought back, and a sweep after it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tatl_search.adaptation.sharing import METRICS
from tatl_search.adaptation.stages import EARLIER, StageStore
from tatl_search.deploy.restore import restore
from tatl_search.files import checksum
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.keeping import cut_back, never_evicted
from tatl_search.search.stage_list import list_stages
from tatl_search.search.sweep import launch, resume
from tatl_search.space import space_from_raw
from tests.integration.audit import audit
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing

pytestmark = pytest.mark.usefixtures("ray_here")

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Tight:
    """A sweep that may keep no more than it must."""

    folder: Path
    results: SweepResults

    @property
    def store(self) -> StageStore:
        return StageStore(SweepFolder(self.folder).stages)

    @property
    def evicted(self) -> list[CandidateRecord]:
        return [row for row in self.results.candidates if self.store.is_evicted(row.stage)]


def space(**sweep: Any) -> dict[str, Any]:
    drawn = {"learning_rate": {"choices": [0.001, 0.1]}, "epochs": 1}
    return faulty_space(
        trials=4,
        sweep={"sampler": "random", **sweep},
        finetune={"epochs": 2},
        retrain=drawn,
        stop={"max_rounds": 2},
    )


@pytest.fixture(scope="module")
def tight(ray_here: None, tmp_path_factory: pytest.TempPathFactory) -> Tight:
    folder = tmp_path_factory.mktemp("sweeps") / "tight"
    assert launch(space_from_raw(space(stages_gb=0.0)), folder, hear_nothing).complete
    return Tight(folder, load_sweep(folder))


def files(folder: Path) -> dict[str, int]:
    stages = SweepFolder(folder).stages
    return {str(path): path.stat().st_mtime_ns for path in stages.glob("*/*")}


def test_only_what_must_be_kept_has_weights(tight: Tight) -> None:
    stages = SweepFolder(tight.folder).stages
    with_weights = {path.parent.name for path in stages.glob(f"*/{WEIGHTS}")}
    assert with_weights == never_evicted(tight.results)
    assert with_weights >= {row.stage for row in tight.results.candidates if row.round == 0}
    assert tight.evicted
    for row in tight.evicted:
        kept = {path.name for path in (stages / row.stage).iterdir()}
        assert kept == {METRICS, "structure.json"}
    assert audit(tight.folder).faults == ()


def test_nothing_is_computed_again_unasked(tight: Tight) -> None:
    before = files(tight.folder)
    assert resume(tight.folder, hear_nothing).complete
    assert files(tight.folder) == before


def test_the_list_says_what_is_where(tight: Tight) -> None:
    entries = {entry.key: entry for entry in list_stages(tight.folder)}
    assert set(entries) == {row.stage for row in tight.results.candidates}
    for row in tight.evicted:
        entry = entries[row.stage]
        assert (entry.evicted, entry.on_front) == (True, False)
        assert row.label in entry.used_by
        assert (entry.round, entry.accuracy, entry.macs) == (row.round, row.accuracy, row.macs)
    (root,) = (entry for entry in entries.values() if entry.round == 0)
    assert root.computed_by == "tight/root-0"
    assert len(root.used_by) == 5  # four trials, and the row of the root itself


def test_an_evicted_network_comes_back_bit_for_bit(tight: Tight) -> None:
    row = max(tight.evicted, key=lambda row: row.round)
    folder = SweepFolder(tight.folder).stages / row.stage
    was = json.loads((folder / METRICS).read_text())["files"][WEIGHTS]
    restore(tight.results, row)
    assert checksum(folder / WEIGHTS) == was
    restored = folder.stat().st_mtime_ns
    restore(tight.results, row)
    assert folder.stat().st_mtime_ns == restored
    cut_back(tight.folder, 0.0)


def test_a_later_sweep_in_the_same_storage_takes_over_what_is_there(tight: Tight) -> None:
    folder = tight.folder.with_name("later")
    assert launch(space_from_raw(space()), folder, hear_nothing).complete
    found = load_sweep(folder)
    earlier = {row.stage: row for row in tight.results.candidates}
    taken = {row.stage for row in found.candidates if row.stage in never_evicted(tight.results)}
    owners = {
        held.stage.key: held.stage.owner
        for held in StageStore(SweepFolder(folder).stages).holdings()
    }
    assert {key for key, owner in owners.items() if owner.startswith(EARLIER)} == taken
    assert all(row.reused for row in found.candidates if row.stage in taken)
    assert found.roots[0].images_trained == 0
    for row in found.candidates:
        assert row.accuracy == earlier[row.stage].accuracy
    trained = sum(row.images_trained for row in found.candidates if row.kind is Kind.PRUNED)
    computed = {row.stage for row in found.candidates} - taken
    assert trained == 100 * len(computed)
    naive = sum(row.images_without_reuse for row in found.candidates)
    assert found.images_saved == naive - trained
