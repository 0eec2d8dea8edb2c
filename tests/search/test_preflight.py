"""What is checked before anything runs."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.packed import open_pack
from tatl_search.data.publishing import publish
from tatl_search.data.sources import origin_of
from tatl_search.errors import InputError
from tatl_search.figures import MACS, PARAMETERS, SIZE_BYTES
from tatl_search.nets.cost import count_macs
from tatl_search.search.preflight import check_networks, reference_costs, training_speed
from tatl_search.space import space_from_raw


def small(**sections: Any) -> dict[str, Any]:
    """Return settings of a small network without weights."""
    return {
        "data": {"image_size": 32, "per_class": 5},
        "network": {"name": "torchvision/squeezenet1_1", "weights": "random"},
        "finetune": {"batch_size": 10},
        "retrain": {"batch_size": 10},
        **sections,
    }


def test_every_network_and_size_that_can_be_chosen_is_built() -> None:
    names = ["torchvision/squeezenet1_1", "torchvision/mobilenet_v3_small"]
    raw = small(
        data={"image_size": {"choices": [32, 48]}, "per_class": 5},
        network={"name": {"choices": names}, "weights": "random"},
    )
    checks = check_networks(space_from_raw(raw), None, threads=1)
    found = {(check.config.network.name, check.config.data.image_size) for check in checks}
    assert found == {(name, size) for name in names for size in (32, 48)}
    for check in checks:
        size = check.config.data.image_size
        assert check.costs[MACS] == count_macs(check.network.module, size)
        assert (check.latency.image_size, check.latency.threads) == (size, 1)
    reference = reference_costs(checks)
    for cost in (MACS, PARAMETERS, SIZE_BYTES):
        assert reference[cost] == max(check.costs[cost] for check in checks)


def test_costs_are_shares_of_the_largest_input_of_a_range() -> None:
    def whole(size: Any) -> float:
        raw = small(data={"image_size": size, "per_class": 5})
        checks = check_networks(space_from_raw(raw), None, threads=1)
        return reference_costs(checks)[MACS]

    assert whole({"low": 32, "high": 64, "step": 16}) == whole(64) > whole(48)


@pytest.mark.parametrize(
    ("section", "size", "largest"),
    [
        ("finetune", 51, 51),
        ("retrain", {"choices": [10, 60]}, 60),
        ("retrain", {"low": 10, "high": 80}, 80),
    ],
)
def test_no_batch_may_be_larger_than_the_set(section: str, size: Any, largest: int) -> None:
    raw = small(**{section: {"batch_size": size}})
    said = f"{section}.batch_size is {largest}, but there are only 50 training images"
    with pytest.raises(InputError, match=said):
        check_networks(space_from_raw(raw), None, threads=1)


def test_a_batch_hidden_under_a_choice_counts() -> None:
    hidden = {"choices": {"sgd": {"batch_size": 10}, "adamw": {"batch_size": 70}}}
    raw = small(finetune={"optimizer": hidden})
    with pytest.raises(InputError, match=r"finetune\.batch_size is 70"):
        check_networks(space_from_raw(raw), None, threads=1)


def test_a_batch_may_be_as_large_as_the_set() -> None:
    raw = small(finetune={"batch_size": 50}, retrain={"batch_size": 50})
    assert len(check_networks(space_from_raw(raw), None, threads=1)) == 1


def test_every_method_that_can_be_chosen_has_what_it_needs() -> None:
    choices = {"method": {"choices": ["tatl", "slimming"]}}
    raw = small(prune=choices, retrain={"batch_size": 10, "sparsity": {"choices": [1e-4, 0.0]}})
    with pytest.raises(InputError, match=r"finetune\.sparsity and retrain\.sparsity are both 0"):
        check_networks(space_from_raw(raw), None, threads=1)


def test_a_score_that_finds_nothing_in_a_network_is_refused() -> None:
    raw = small(prune={"score": {"choices": ["l2", "bn_scale"]}})
    with pytest.raises(InputError, match=r"none of this network's 25 groups has one"):
        check_networks(space_from_raw(raw), None, threads=1)


def test_what_to_know_of_the_data_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "images"
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / "train" / name).mkdir(parents=True)
        for number in range(20):
            noise = generator.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(noise).save(root / f"train/{name}/{number}.png")
    for number in range(14):
        (root / f"train/cat/broken{number:02}.png").write_bytes(b"no image")
    data = {"source": "folder", "path": str(root), "image_size": {"choices": [32, 48]}}
    with caplog.at_level(logging.WARNING):
        check_networks(space_from_raw(small(data=data)), tmp_path / "cache", threads=1)
    said = [record.getMessage() for record in caplog.records]
    said = [line for line in said if line.startswith("data: ")]  # a busy machine says more
    assert said[0] == "data: left out: train/cat/broken00.png (not an image)"
    assert said[-1] == "data: and 4 notes more"
    assert len(said) == 11


def test_images_of_baselines_are_packed_before_anything_runs(tmp_path: Path) -> None:
    network = {"name": "torchvision/mobilenet_v3_small", "weights": "random"}
    raw = small(baselines=[{"image_size": 48}, {"network": network}])
    check_networks(space_from_raw(raw), tmp_path / "cache", threads=1)
    sides = sorted(open_pack(path).head.side for path in (tmp_path / "cache").glob("*.arrow"))
    assert sides == [32, 48]


def test_a_packed_file_of_one_size_serves_no_baseline_of_another(tmp_path: Path) -> None:
    target = str(tmp_path / "digits.arrow")
    publish(origin_of(DataSettings(image_size=32)), target)
    data = {"source": "packed", "path": target, "image_size": 32}
    raw = small(data=data, baselines=[{"image_size": 48}])
    with pytest.raises(InputError, match=r"baseline input 48 px: .*images of side 32"):
        check_networks(space_from_raw(raw), None, threads=1)


def test_a_wrong_baseline_is_named_before_anything_runs() -> None:
    """Its training would fail beside trials that are under way, hours later."""
    unknown = {"name": "timm/nope", "weights": "random"}
    absent = {"name": "torchvision/resnet18", "weights": "nope.pth"}
    for network, why in ((unknown, "timm has no 'nope'"), (absent, "there is no file 'nope.pth'")):
        raw = small(baselines=[{"network": network}])
        with pytest.raises(InputError, match=rf"baseline {network['name']}: .*{why}"):
            check_networks(space_from_raw(raw), None, threads=1)


def test_a_size_that_a_network_cannot_take_is_refused_at_every_place_in_the_list() -> None:
    for sizes in ([32, 16], [16, 32]):
        raw = small(data={"image_size": {"choices": sizes}, "per_class": 5})
        with pytest.raises(InputError, match="squeezenet"):
            check_networks(space_from_raw(raw), None, threads=1)


def test_how_images_are_augmented_changes_no_network() -> None:
    raw = small(data={"image_size": 32, "augment": {"flip": {"choices": [True, False]}}})
    assert len(check_networks(space_from_raw(raw), None, threads=1)) == 1


def test_the_speed_of_training_is_measured() -> None:
    check = check_networks(space_from_raw(small()), None, threads=1)[0]
    assert 1.0 < training_speed(check, batches=2) < 1e6
