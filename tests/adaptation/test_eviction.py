"""What goes first, what never goes, and that what went comes back bit for bit."""

from pathlib import Path

import torch

from tatl_search.adaptation.eviction import evict, recompute, to_evict
from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import Holding, Stage, StageStore
from tests.adaptation.benches import bench, config
from tests.adaptation.test_stages import metrics

WEIGHTS = "weights.safetensors"


def holding(key: str, size: int, used_at: float, evicted: bool = False) -> Holding:
    stage = Stage(key, Path(key), metrics(), "me")
    return Holding(stage, size, used_at, evicted)


def chosen(keep_bytes: float, kept: frozenset[str] = frozenset()) -> list[str]:
    held = [
        holding("newest", 50, 4.0),
        holding("oldest", 30, 1.0),
        holding("gone", 1, 2.0, evicted=True),
        holding("middle", 20, 3.0),
    ]
    return [found.stage.key for found in to_evict(held, kept, keep_bytes)]


def test_the_least_recently_used_go_until_the_rest_fits() -> None:
    assert chosen(101) == []
    assert chosen(100) == ["oldest"]
    assert chosen(71) == ["oldest"]
    assert chosen(70) == ["oldest", "middle"]
    assert chosen(0) == ["oldest", "middle", "newest"]


def test_what_is_kept_stays_whatever_it_takes() -> None:
    assert chosen(70, frozenset({"oldest"})) == ["middle", "newest"]
    assert chosen(0, frozenset({"oldest", "newest", "middle"})) == []


def test_an_evicted_trajectory_comes_back_bit_for_bit(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    candidates = list(adapt(bench(tmp_path)))
    keys = [candidate.stage.key for candidate in candidates]
    was = {key: (tmp_path / key / WEIGHTS).read_bytes() for key in keys}
    store = StageStore(tmp_path)
    gone = evict(store, [held for held in store.holdings() if held.stage.key in keys[1:]])
    assert sorted(held.stage.key for held in gone) == sorted(keys[1:])
    assert all(store.is_evicted(key) and store.get(key) is None for key in keys[1:])

    back = recompute(bench(tmp_path, owner="again"), keys[1])
    assert back is not None
    assert back.owner == "again"
    assert back.metrics.accuracy == candidates[1].stage.metrics.accuracy
    assert (tmp_path / keys[1] / WEIGHTS).read_bytes() == was[keys[1]]
    assert store.is_evicted(keys[2])
    assert recompute(bench(tmp_path), keys[2]) is not None
    assert (tmp_path / keys[2] / WEIGHTS).read_bytes() == was[keys[2]]
    assert not store.is_evicted(keys[2])


def test_settings_that_do_not_lead_there_bring_nothing_back(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    assert recompute(bench(tmp_path, config(stop={"max_rounds": 0})), "elsewhere") is None
