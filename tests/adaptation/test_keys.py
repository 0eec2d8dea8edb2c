"""What decides a stage's key, and what does not."""

from pathlib import Path

import pytest

from tatl_search.adaptation.keys import root_key, round_key, seed_of
from tatl_search.config import AdaptationConfig, AugmentSettings
from tatl_search.core.plan import GroupRemoval, PrunePlan

CONFIG = AdaptationConfig()


def changed(section: str, **values: object) -> AdaptationConfig:
    part = getattr(CONFIG, section).model_copy(update=values)
    return CONFIG.model_copy(update={section: part})


def key_of(config: AdaptationConfig, fingerprint: str = "data", threads: int = 1) -> str:
    return root_key(config, fingerprint, threads, "cpu")


@pytest.mark.parametrize(
    "other",
    [
        changed("finetune", epochs=9),
        changed("finetune", learning_rate=0.01),
        changed("network", name="torchvision/resnet18"),
        changed("data", augment=AugmentSettings(flip=True)),
        CONFIG.model_copy(update={"seed": 1}),
    ],
)
def test_what_decides_the_first_fine_tuning_changes_its_key(other: AdaptationConfig) -> None:
    assert key_of(other) != key_of(CONFIG)


@pytest.mark.parametrize(
    "other",
    [
        changed("prune", threshold=0.5, rate=0.9),
        changed("stop", max_rounds=1),
        changed("retrain", epochs=7),
    ],
)
def test_what_comes_later_does_not(other: AdaptationConfig) -> None:
    assert key_of(other) == key_of(CONFIG)


def test_data_threads_and_device_decide_too() -> None:
    keys = {
        key_of(CONFIG),
        key_of(CONFIG, fingerprint="other"),
        key_of(CONFIG, threads=2),
        root_key(CONFIG, "data", 1, "cuda"),
    }
    assert len(keys) == 4


def test_content_of_a_weights_file_decides(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"one")
    config = changed("network", weights=str(path))
    before = key_of(config)
    path.write_bytes(b"two")
    assert key_of(config) != before


def plan(units: dict[str, tuple[int, ...]], priority: float = 1.0) -> PrunePlan:
    return PrunePlan(tuple(GroupRemoval(group, u, 16, priority, 4) for group, u in units.items()))


def test_the_pruned_units_count_and_not_what_chose_them() -> None:
    one = round_key("p", CONFIG, plan({"a": (1, 2), "b": (3,)}, priority=0.1), 1)
    same = round_key(
        "p", changed("prune", threshold=0.5), plan({"b": (3,), "a": (1, 2)}, priority=0.7), 1
    )
    assert one == same
    assert one != round_key("p", CONFIG, plan({"a": (1, 2), "b": (4,)}), 1)
    assert one != round_key("q", CONFIG, plan({"a": (1, 2), "b": (3,)}), 1)
    assert one != round_key("p", changed("retrain", epochs=2), plan({"a": (1, 2), "b": (3,)}), 1)


def test_seeds_differ_by_sweep_seed_and_key_and_fit_torch() -> None:
    seeds = {seed_of(0, "a"), seed_of(1, "a"), seed_of(0, "b")}
    assert len(seeds) == 3
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of(0, "a") == seed_of(0, "a")
